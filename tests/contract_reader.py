"""Recomputes every metric of a store from its published views and macros: plain duckdb, nothing of ours.

    python contract_reader.py STORE.DUCKDB [ONE_IN OFFSET]

Run by any interpreter that has duckdb 1.1.3 or newer. With ONE_IN, only every so many-th run on a test case of each
dataset is recomputed, beginning with the OFFSET-th. Prints one JSON document: the DuckDB version, how many values
were compared, those that differ, and what lacks a comment.
"""

import json
import math
import sys
import time

import duckdb

VALUES = """
    SELECT metrics.metric, metrics.class, metrics.test_case, metrics.value, metrics.model, metrics.upload_configuration,
        metrics.configuration
    FROM kolena.metrics AS metrics JOIN kolena.test_runs AS runs USING (run)
    WHERE metrics.dataset = $dataset AND NOT outdated AND restriction IS NULL
"""
UNCOMMENTED = """
    SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal AND database_name = $database
        AND schema_name <> 'catalogue' AND coalesce(comment, '') = ''
    UNION ALL
    SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal AND database_name = $database
        AND schema_name <> 'catalogue' AND coalesce(comment, '') = ''
    UNION ALL
    SELECT schema_name || '.' || table_name || '.' || column_name FROM duckdb_columns()
    WHERE NOT internal AND database_name = $database AND schema_name <> 'catalogue' AND coalesce(comment, '') = ''
    UNION ALL
    SELECT schema_name || '.' || function_name FROM duckdb_functions()
    WHERE NOT internal AND database_name = $database AND coalesce(comment, '') = ''
"""


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def opened(path, attempts=50):
    """A writer may be replacing the file at this very moment."""
    for _ in range(attempts):
        try:
            return duckdb.connect(path, read_only=True)
        except duckdb.IOException:
            time.sleep(0.1)
    return duckdb.connect(path, read_only=True)


class Dataset:
    def __init__(self, connection, name):
        self.connection = connection
        self.name = name
        rows = connection.execute(
            "SELECT metric, level, macro, recomputable FROM kolena.metric_definitions WHERE dataset = ?", [name]
        ).fetchall()
        self.levels = {row[0]: row[1] for row in rows}
        self.calls = {row[0]: row[2] for row in rows if row[3]}
        self.not_recomputable = sorted(row[0] for row in rows if not row[3])
        cases = connection.execute(
            "SELECT DISTINCT test_case FROM kolena.test_cases WHERE dataset = ? AND level = 'inference'", [name]
        ).fetchall()
        self.of_model = {row[0] for row in cases}
        self.user = {one[0] for one in rows if one[2] and "_test_case" in one[2]}

    def parameters(self, metric):
        start = self.calls[metric].index("(", len(quoted(self.name)) + 1)
        return [part.strip() for part in split(self.calls[metric][start + 1 : -1])]

    def call(self, metric, class_name, configuration):
        """The macro with the columns of its own names; a run's own constants and classes as they were given."""
        arguments, options = [], json.loads(configuration or "{}")
        for parameter in self.parameters(metric):
            name = parameter.split(":=")[0].strip()
            has_default = ":=" in parameter
            if name == "class":
                if class_name is not None:
                    arguments.append(("class := " if has_default else "") + literal(class_name))
            elif name == "weight":
                arguments.append("_weight")
            elif name == "reported":
                if options.get("classes"):
                    names = ", ".join(literal(str(one)) for one in options["classes"])
                    arguments.append("reported := [" + names + "]")
            elif name in options or name == "beta":
                if name in options:
                    arguments.append((f"{name} := " if has_default else "") + str(options[name]))
                elif not has_default:
                    arguments.append("2.0")
            else:
                arguments.append(name)
        return f"{quoted(self.name)}.{quoted(metric)}({', '.join(arguments)})"

    def values(self):
        return self.connection.execute(VALUES, {"dataset": self.name}).fetchall()

    def recomputed(self, test_case, model, upload_configuration, configuration, wanted):
        """All values of one test case and run, in one query through the view of the test case."""
        calls = ", ".join(self.call(metric, class_name, configuration) for metric, class_name in wanted)
        view = f"{quoted(self.name + ' test cases')}.{quoted(test_case)}"
        of_model = ""
        if test_case in self.of_model:
            of_model = f"""WHERE model = {literal(model)}
                AND upload_configuration IS NOT DISTINCT FROM {literal(upload_configuration)}"""
        query = f"""SELECT {calls} FROM {quoted(self.name)}.sample_metrics WHERE model = {literal(model)}
            AND upload_configuration IS NOT DISTINCT FROM {literal(upload_configuration)}
            AND configuration IS NOT DISTINCT FROM {literal(configuration)}
            AND _sample IN (SELECT _sample FROM {view} {of_model})"""
        return self.connection.execute(query).fetchone()

    def of_user(self, metric, test_case, model, upload_configuration):
        # By its name: DuckDB 1.1.3 takes no parameter with a default by position.
        arguments = f"{literal(model)}, {literal(test_case)}, _upload_configuration := {literal(upload_configuration)}"
        query = f"SELECT value FROM {quoted(self.name)}.{quoted(metric)}({arguments})"
        return self.connection.execute(query).fetchone()[0]


def split(text):
    """The parameters of a signature; a default may be a text with a comma."""
    parts, current, in_text = [], "", False
    for character in text:
        in_text ^= character == "'"
        if character == "," and not in_text:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current] if current.strip() else parts


def same(found, expected):
    if found is None or expected is None:
        return found is None and expected is None
    return not math.isnan(found) and math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def compared(dataset, one_in=1, offset=0):
    """Return how many values of one in so many runs and test cases were compared, and those that differ."""
    groups = {}
    for metric, class_name, test_case, value, *run in dataset.values():
        if metric in dataset.calls:
            groups.setdefault((test_case, *run), []).append((metric, class_name, value))
    n, wrong = 0, []
    for run in sorted(groups, key=repr)[offset % max(1, min(one_in, len(groups))) :: one_in]:
        (test_case, model, upload_configuration, configuration), rows = run, groups[run]
        plain = [row for row in rows if row[0] not in dataset.user]
        found = (
            dataset.recomputed(test_case, model, upload_configuration, configuration, [row[:2] for row in plain])
            if plain
            else ()
        )
        pairs = list(zip(found, plain, strict=True))
        pairs += [
            (dataset.of_user(row[0], test_case, model, upload_configuration), row)
            for row in rows
            if row[0] in dataset.user
        ]
        for value, (metric, class_name, expected) in pairs:
            n += 1
            if not same(value, expected):
                wrong.append([dataset.name, test_case, model, configuration, metric, class_name, value, expected])
    return n, wrong


def main(path, one_in="1", offset="0"):
    connection = opened(path)
    database = connection.execute("SELECT current_database()").fetchone()[0]
    document = {"duckdb": duckdb.__version__, "compared": 0, "metrics": [], "wrong": [], "not_recomputable": []}
    for (name,) in connection.execute("SELECT name FROM kolena.datasets ORDER BY name").fetchall():
        dataset = Dataset(connection, name)
        n, wrong = compared(dataset, int(one_in), int(offset))
        document["compared"] += n
        document["wrong"] += wrong
        document["metrics"] += [[name, metric] for metric in sorted(dataset.calls)]
        document["not_recomputable"] += [[name, metric] for metric in dataset.not_recomputable]
    found = connection.execute(UNCOMMENTED, {"database": database}).fetchall()
    document["uncommented"] = sorted(row[0] for row in found)
    document["contract"] = connection.execute("SELECT version FROM kolena.contract").fetchone()[0]
    print(json.dumps(document))


if __name__ == "__main__":
    main(*sys.argv[1:])
