"""The reviewed lists of functions that predicates and test cases may call, by the names that DuckDB's trees show.

A function is on a list when its answer depends on its arguments alone, is the same in every supported DuckDB version,
and costs no more than its input is long. `duckdb_functions()` is not consulted: its stability column misleads.
"""

from types import MappingProxyType

from kolena_store.errors import did_you_mean
from kolena_store.predicates.tokens import listed

__all__ = [
    "DATE_PARTS",
    "METRIC_FUNCTIONS",
    "ORDERED_WINDOWS",
    "PREDICATE_FUNCTIONS",
    "RANKING_WINDOWS",
    "SUITE_FUNCTIONS",
    "reason_against",
]

OPERATORS = listed("+ - * / // % ** ^ @ & | << >> || && @> <@ ^@ -> ->>")
PATTERNS = listed(
    "~~ !~~ ~~* !~~* ~~~ like_escape not_like_escape ilike_escape not_ilike_escape regexp_matches "
    "regexp_full_match regexp_extract"
)
NUMBERS = listed(
    "abs sign round round_even floor ceil ceiling trunc even sqrt cbrt exp ln log log2 log10 pow power pi degrees "
    "radians sin cos tan asin acos atan atan2 mod divide add subtract multiply gcd lcm xor bit_count isnan isinf "
    "isfinite signbit greatest least if nullif"
)
TEXTS = listed(
    "lower lcase upper ucase length len char_length character_length strlen trim ltrim rtrim substring substr "
    "left right starts_with prefix suffix ends_with contains split_part position strpos instr ascii unicode ord "
    "reverse translate strip_accents nfc_normalize concat concat_ws string_split str_split string_to_array split "
    "md5 sha256"
)
DATE_PARTS = listed(
    "date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub year month day dayofmonth hour "
    "minute second millisecond microsecond quarter week weekofyear yearweek isodow isoyear dayofweek weekday "
    "dayofyear decade century millennium era dayname monthname last_day strftime"
)
DATES = DATE_PARTS | listed(
    "epoch epoch_ms epoch_us epoch_ns make_date make_time make_timestamp strptime try_strptime to_timestamp "
    "timezone date_add to_years to_quarters to_months to_weeks to_days to_hours to_minutes to_seconds "
    "to_milliseconds to_microseconds"
)
NESTED = listed(
    "list_value list_pack list_contains array_contains list_has array_has list_has_any array_has_any list_has_all "
    "array_has_all list_position array_position list_indexof array_indexof array_length cardinality list_extract "
    "list_element array_extract list_slice array_slice list_unique array_unique list_count list_min list_max "
    "list_sum list_avg list_median row struct_pack struct_extract struct_extract_at map map_extract "
    "map_extract_value element_at map_contains map_keys map_values map_entries"
)
DOCUMENTS = listed(
    "json_extract json_extract_string json_extract_path json_extract_path_text json_value json_exists "
    "json_contains json_array_length json_type json_valid json_keys"
)
AGGREGATES = listed(
    "count count_star count_if countif sum sum_no_overflow fsum kahan_sum sumkahan avg favg mean min max bool_and "
    "bool_or bit_and bit_or bit_xor median quantile quantile_cont quantile_disc mad stddev stddev_samp stddev_pop "
    "variance var_samp var_pop covar_samp covar_pop corr skewness kurtosis"
)
RANKING_WINDOWS = listed("rank dense_rank rank_dense percent_rank cume_dist")
"""Windows that give rows with equal keys equal answers."""

ORDERED_WINDOWS = listed("row_number ntile lag lead")
"""Windows whose answer depends on the order of rows with equal keys."""

PREDICATE_FUNCTIONS = OPERATORS | PATTERNS | NUMBERS | TEXTS | DATES | NESTED | DOCUMENTS
SUITE_FUNCTIONS = PREDICATE_FUNCTIONS | AGGREGATES | RANKING_WINDOWS | ORDERED_WINDOWS | frozenset({"unnest"})

LAMBDA_FUNCTIONS = listed(
    "list_apply list_transform list_filter list_reduce apply filter reduce array_apply array_transform array_filter "
    "array_reduce"
)
WHOLE_LISTS = listed(
    "list_sort list_reverse_sort list_reverse array_sort array_reverse_sort array_reverse list_concat list_cat "
    "array_concat array_cat list_append list_prepend list_zip array_zip flatten array_to_string list_dot_product "
    "list_inner_product list_distance list_cosine_similarity list_cosine_distance"
)
TEXT_DISTANCES = listed(
    "levenshtein damerau_levenshtein jaro_similarity jaro_winkler_similarity jaccard hamming mismatches replace "
    "regexp_replace"
)
METRIC_FUNCTIONS = SUITE_FUNCTIONS | LAMBDA_FUNCTIONS | WHOLE_LISTS | TEXT_DISTANCES
"""What user metrics may call: some of it can take any time, so they run only in a process that can be killed."""

REASONS = MappingProxyType(
    {
        "gives another answer each time; write a fixed condition instead": listed(
            "random uuid uuidv4 uuidv7 gen_random_uuid setseed nextval currval setval binom"
        ),
        "depends on the moment of the query; write the date or time itself, such as DATE '2026-01-31'": listed(
            "now today age get_current_time get_current_timestamp current_date current_time current_timestamp "
            "current_localtime current_localtimestamp localtime localtimestamp transaction_timestamp ago "
            "txid_current"
        ),
        "depends on the session; write the value itself": listed(
            "getvariable current_setting current_catalog current_database current_schema current_schemas "
            "current_query current_user current_role session_user user version current_connection_id "
            "current_transaction_id current_query_id pg_typeof typeof stats getenv"
        ),
        "depends on the order of rows, which nothing fixes; use min, max, count or quantile_disc": listed(
            "first last any_value arbitrary arg_max arg_min argmax argmin arg_max_null arg_min_null max_by min_by "
            "mode list array_agg string_agg group_concat listagg first_value last_value nth_value fill histogram "
            "list_first list_last list_any_value list_distinct product lttb"
        ),
        "approximates, and DuckDB's versions differ; use the exact count or quantile_cont": listed(
            "approx_count_distinct approx_quantile approx_top_k reservoir_quantile entropy"
        ),
        "changed between DuckDB's versions; use md5 for a fixed split of the samples": listed("hash md5_number"),
        "can take the machine down with a small input; compare the columns themselves": listed(
            "range generate_series repeat lpad rpad replace regexp_replace levenshtein damerau_levenshtein "
            "editdist3 jaro_similarity jaro_winkler_similarity jaccard hamming mismatches list_resize "
            "array_resize printf format list_zip list_concat array_to_string generate_subscripts"
        ),
        "takes a function of its own (a lambda); compare the list with list_contains, list_min or list_max": listed(
            "list_apply list_transform list_filter list_reduce list_aggregate list_aggr apply filter reduce "
            "invoke array_apply array_transform array_filter array_reduce array_aggregate array_aggr aggregate"
        ),
        "numbers rows as they happen to lie in a file; use _sample": frozenset({"rowid"}),
        "stands for a factorial; write the number itself": frozenset({"!__postfix", "factorial"}),
    }
)


def reason_against(name: str, allowed: frozenset[str]) -> str:
    """Return why the function `name`, which is not among `allowed`, may not be called, and what to do instead."""
    if name in AGGREGATES:
        return (
            "counts or sums over several rows, and this condition sees one row; write it as a test case with a subquery"
        )
    if name in RANKING_WINDOWS | ORDERED_WINDOWS:
        return "compares several rows, and this condition sees one row; write it as a test case"
    if name == "unnest":
        return "makes several rows of one; use list_contains"
    for reason, refused in REASONS.items():
        if name in refused:
            return reason
    return f"is not on the reviewed list of functions{did_you_mean(name, allowed)}; use another function"
