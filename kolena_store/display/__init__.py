"""Any result as people and machines read it: text, HTML, CSV and JSON."""

from kolena_store.display.cells import cell_width, fold, shorten, visible
from kolena_store.display.documents import csv_text, json_text
from kolena_store.display.figures import counted, fraction, interval_cell, number
from kolena_store.display.listings import Column, Listing, Printable, joined_html, joined_text
from kolena_store.display.terminal import print_listing

__all__ = [
    "Column",
    "Listing",
    "Printable",
    "cell_width",
    "counted",
    "csv_text",
    "fold",
    "fraction",
    "interval_cell",
    "joined_html",
    "joined_text",
    "json_text",
    "number",
    "print_listing",
    "shorten",
    "visible",
]
