"""Annotated images in the formats of others, in and out of a store."""

from collections.abc import Sequence
from pathlib import Path

from kolena_store import exchange as exchange_room
from kolena_store.datasets import UploadReport, table_of_input
from kolena_store.exchange import COCO, LABEL_STUDIO, VOC, YOLO, ImageImport
from kolena_store.formats import open_table
from kolena_store.formats.image_sets import ImageSet
from kolena_store.store.base import StoreBase
from kolena_store.workflows import Workflow

__all__ = ["StoreExchange"]


class StoreExchange(StoreBase):
    """Datasets of images out of files of other formats, and back.

    Of each import, `workflow` is object detection for a new dataset unless it says otherwise; `metadata` is a table
    with further fields of the images, joined by the field `on`; `append_only` keeps the images that the files lack.
    """

    def import_coco(
        self,
        name: str,
        path: str | Path,
        *,
        workflow: Workflow | None = None,
        metadata: object = None,
        on: str | None = None,
        append_only: bool = False,
    ) -> UploadReport:
        """Make a dataset of a COCO file (images, annotations, categories; also as .gz) and return what that changed.

        Raises:
            StoreError: the file can't be used; nothing is written then.
        """
        further, found = exchange_room.further_metadata(metadata, on), exchange_room.read_instances(path)
        given = ImageImport(name=name, kind=COCO, workflow=workflow, further=further, append_only=append_only)
        return self._import(given, found)

    def import_voc(
        self,
        name: str,
        path: str | Path,
        *,
        workflow: Workflow | None = None,
        first_pixel: int = 1,
        metadata: object = None,
        on: str | None = None,
        append_only: bool = False,
    ) -> UploadReport:
        """Make a dataset of a folder with Pascal VOC's XML files, and return what that changed.

        An image is called by the name of its file; objects that are `difficult` are ignored, unless
        the workflow names another field (`ignored=`).

        Args:
            first_pixel: 1 as in Pascal VOC, where a box from 1 to 10 covers ten pixels; 0 takes corners as they are.

        Raises:
            StoreError: a file can't be used; nothing is written then.
        """
        further, found = (
            exchange_room.further_metadata(metadata, on),
            exchange_room.read_voc(path, first_pixel=first_pixel),
        )
        given = ImageImport(name=name, kind=VOC, workflow=workflow, further=further, append_only=append_only)
        return self._import(given, found)

    def import_yolo(
        self,
        name: str,
        path: str | Path,
        *,
        workflow: Workflow | None = None,
        names: Sequence[str] | None = None,
        sizes: object = None,
        metadata: object = None,
        on: str | None = None,
        append_only: bool = False,
    ) -> UploadReport:
        """Make a dataset of a folder with images and YOLO's text files, and return what that changed.

        An image is called by its path without the ending and without a folder `images`.

        Args:
            names: of the classes by their numbers; omitted, those of data.yaml or classes.txt in the folder.
            sizes: a table with image_id, width and height, where the folder has no images.

        Raises:
            StoreError: a file can't be used; nothing is written then.
        """
        known = None if sizes is None else table_of_input(open_table(sizes))
        further, found = (
            exchange_room.further_metadata(metadata, on),
            exchange_room.read_yolo(path, names=names, further=known),
        )
        given = ImageImport(name=name, kind=YOLO, workflow=workflow, further=further, append_only=append_only)
        return self._import(given, found)

    def import_labelstudio(
        self,
        name: str,
        path: str | Path,
        *,
        workflow: Workflow | None = None,
        metadata: object = None,
        on: str | None = None,
        append_only: bool = False,
    ) -> UploadReport:
        """Make a dataset of Label Studio's export (JSON, also as .gz), and return what that changed.

        Predictions in it become results of the models that made them.

        Raises:
            StoreError: the file can't be used; nothing is written then.
        """
        further, found = exchange_room.further_metadata(metadata, on), exchange_room.read_tasks(path)
        given = ImageImport(name=name, kind=LABEL_STUDIO, workflow=workflow, further=further, append_only=append_only)
        with self._database.transaction() as transaction:
            return exchange_room.import_tasks(transaction, given, found)

    def export_coco(self, dataset: str, path: str | Path, *, model: str | None = None) -> int:
        """Write a dataset as a COCO file, or what a model found as COCO results; return how many objects there are."""
        return exchange_room.export_coco(self._database.session(), self._dataset(dataset), path, model=model)

    def export_voc(self, dataset: str, path: str | Path, *, model: str | None = None) -> int:
        """Write a dataset as a folder of XML files, or what a model found as one of text files for each class."""
        return exchange_room.export_voc(self._database.session(), self._dataset(dataset), path, model=model)

    def export_yolo(self, dataset: str, path: str | Path, *, model: str | None = None) -> int:
        """Write a dataset, or what a model found, as a folder of YOLO's text files with data.yaml."""
        return exchange_room.export_yolo(self._database.session(), self._dataset(dataset), path, model=model)

    def export_labelstudio(self, dataset: str, path: str | Path, *, model: str | None = None) -> int:
        """Write a dataset as Label Studio's tasks with annotations, or with what a model found as predictions."""
        return exchange_room.export_labelstudio(self._database.session(), self._dataset(dataset), path, model=model)

    def _import(self, given: ImageImport, found: ImageSet) -> UploadReport:
        with self._database.transaction() as transaction:
            return exchange_room.import_images(transaction, given, found)
