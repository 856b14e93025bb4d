"""SQL that users type: its tokens, what it may be made of, and the gate before a sandbox."""

from kolena_store.predicates.conditions import check_predicate
from kolena_store.predicates.functions import PREDICATE_FUNCTIONS, SUITE_FUNCTIONS
from kolena_store.predicates.gate import run_gated
from kolena_store.predicates.rules import METRIC, PREDICATE, SUITE, Rules, check_tokens, check_tree
from kolena_store.predicates.tokens import Token, definition_digest, referenced_fields, tokenize, without_comments
from kolena_store.predicates.trees import Tree, parse_tree

__all__ = [
    "METRIC",
    "PREDICATE",
    "PREDICATE_FUNCTIONS",
    "SUITE",
    "SUITE_FUNCTIONS",
    "Rules",
    "Token",
    "Tree",
    "check_predicate",
    "check_tokens",
    "check_tree",
    "definition_digest",
    "parse_tree",
    "referenced_fields",
    "run_gated",
    "tokenize",
    "without_comments",
]
