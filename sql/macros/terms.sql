-- What metric macros are made of: terms as aggregates over sample metrics. {condition} and {value} come from the metric
-- files; {weight} is the weight of a sample where the dataset names one.

-- name: count()
-- example: condition = correct
(count(*) FILTER (WHERE {condition}))::DOUBLE

-- name: count_of_class()
-- example: condition = correct
-- example: label = truth
(count(*) FILTER (WHERE ({condition}) AND {label} = class))::DOUBLE

-- name: counts_by_label()
-- example: condition = correct
-- example: label = truth
histogram({label}) FILTER (WHERE {condition})

-- name: sum()
-- example: value = confidence
sum(({value})::DOUBLE)

-- name: minimum()
-- example: value = confidence
min(({value})::DOUBLE)

-- name: maximum()
-- example: value = confidence
max(({value})::DOUBLE)

-- name: median()
-- example: value = confidence
median(({value})::DOUBLE)

-- name: calibration_gap()
-- example: confidence = confidence
-- example: correct = correct
-- example: inside = confidence > 0.5
-- example: weight = 1
coalesce(abs(sum({weight} * (({correct})::INTEGER - {confidence})) FILTER (WHERE {inside})), 0)

-- name: calibration_error()
-- example: confidence = confidence
-- example: correct = correct
-- example: gaps = 0.0
-- example: weight = 1
CASE WHEN min({confidence}) FILTER (WHERE {correct} IS NOT NULL) >= 0
    AND max({confidence}) FILTER (WHERE {correct} IS NOT NULL) <= 1
    THEN ({gaps}) / nullif((sum({weight}) FILTER (WHERE {confidence} IS NOT NULL AND {correct} IS NOT NULL))::DOUBLE, 0) END

-- name: first_bin()
-- example: confidence = confidence
-- example: high = 0.5
{confidence} <= {high}

-- name: bin()
-- example: confidence = confidence
-- example: low = 0.4
-- example: high = 0.5
{confidence} > {low} AND {confidence} <= {high}

-- Ranked scores: one entry for each score, `s` the score and `p` whether it belongs to a positive (`w`: its weight).

-- name: entries_of_class()
-- example: scores = scores
-- example: label = truth
-- example: weight = , w := 1.0
list(struct_pack(s := {scores}[list_position(classes, class)], p := {label} = class{weight}))
FILTER (WHERE {scores} IS NOT NULL AND {label} IS NOT NULL)

-- name: entries_of_all_classes()
-- example: scores = scores
-- example: label = truth
-- example: weight = , w := 1.0
flatten(list(list_transform(
    list_zip({scores}, classes), lambda _z: struct_pack(s := _z[1], p := _z[2] = {label}{weight})
)) FILTER (WHERE {scores} IS NOT NULL AND {label} IS NOT NULL))

-- name: rows()
-- example: scores = scores
-- example: label = truth
-- example: weight = , w := 1.0
list(struct_pack(s := {scores}, t := {label}{weight})) FILTER (WHERE {scores} IS NOT NULL AND {label} IS NOT NULL)

-- name: classes_of_rows()
any_value(classes)

-- name: entries_of_rows()
-- example: rows = [{'s': [0.5], 't': 'a', 'w': 1.0}]
-- example: position = 1
-- example: class = 'a'
-- example: weight = , w := _r.w
list_transform({rows}, lambda _r: struct_pack(s := _r.s[{position}], p := _r.t = {class}{weight}))

-- Lists with an element for every class, in the order of `classes`; an element that is not known is NULL.

-- name: counts_by_element()
-- example: condition = truths[_k]
list_aggregate(flatten(list(
    list_filter(generate_series(1, len(classes)), lambda _k: coalesce({condition}, FALSE))
)), 'histogram')

-- name: weighted_element_positions()
-- example: condition = truths[_k]
-- example: weight = 1.0
flatten(list(list_transform(
    list_filter(generate_series(1, len(classes)), lambda _k: coalesce({condition}, FALSE)),
    lambda _k: struct_pack(t := _k, w := {weight})
)))

-- name: element_values()
-- example: value = scores[_k]
-- example: weight = 1
list(list_transform(generate_series(1, len(classes)), lambda _k: ({weight})::DOUBLE * ({value})::DOUBLE))

-- name: sum_of_elements()
-- example: rows = [[0.5]]
-- example: position = 1
list_sum(list_transform({rows}, lambda _r: _r[{position}]))

-- name: entries_of_elements()
-- example: scores = scores[1]
-- example: truths = truths[1]
-- example: weight = , w := 1.0
list(struct_pack(s := {scores}, p := {truths}{weight})) FILTER (WHERE {scores} IS NOT NULL AND {truths} IS NOT NULL)

-- name: entries_of_all_elements()
-- example: scores = scores
-- example: truths = truths
-- example: weight = , w := 1.0
flatten(list(list_transform(
    list_zip({scores}, {truths}), lambda _z: struct_pack(s := _z[1], p := _z[2]{weight})
)) FILTER (WHERE list_aggregate({scores}, 'count') = len({scores}) AND list_aggregate({truths}, 'count') = len({truths})))

-- name: element_rows()
-- example: scores = scores
-- example: truths = truths
-- example: weight = , w := 1.0
list(struct_pack(s := {scores}, t := {truths}{weight}))

-- name: entries_of_element_rows()
-- example: rows = [{'s': [0.5], 't': [TRUE], 'w': 1.0}]
-- example: position = 1
-- example: weight = , w := _r.w
list_transform(
    list_filter({rows}, lambda _r: _r.s[{position}] IS NOT NULL AND _r.t[{position}] IS NOT NULL),
    lambda _r: struct_pack(s := _r.s[{position}], p := _r.t[{position}]{weight})
)

-- name: weight_of_sample()
-- example: weight = 1.0
, w := {weight}

-- name: weight_of_row()
, w := _r.w

-- The mean of two sums of ranks: once with the negatives of a tie before its positives, once after them.

-- name: roc_auc()
-- example: entries = [{'s': 0.5, 'p': TRUE}]
CASE WHEN len(list_filter({entries}, lambda _z: _z.p)) > 0 AND len(list_filter({entries}, lambda _z: NOT _z.p)) > 0 THEN (
    list_sum(list_where(
        range(1, len({entries}) + 1), list_transform(list_sort({entries}), lambda _z: _z.p)
    ))
    + list_sum(list_where(
        range(1, len({entries}) + 1),
        list_transform(
            list_sort(list_transform({entries}, lambda _z: struct_pack(s := _z.s, q := NOT _z.p))), lambda _z: NOT _z.q
        )
    ))
    - len(list_filter({entries}, lambda _z: _z.p))::HUGEINT * (len(list_filter({entries}, lambda _z: _z.p)) + 1)
)::DOUBLE / (2 * len(list_filter({entries}, lambda _z: _z.p))::HUGEINT
    * len(list_filter({entries}, lambda _z: NOT _z.p)))::DOUBLE END

-- From the highest score down, positives last in a tie: at the last positive of each score, precision is its number
-- among the positives by its number among all.

-- name: average_precision()
-- example: entries = [{'s': 0.5, 'p': TRUE}]
-- example: found = [1]
-- example: among = [1]
CASE WHEN len(list_filter({entries}, lambda _z: _z.p)) > 0 THEN list_sum(list_transform(
    list_zip({found}, list_prepend(0, list_slice({found}, 1, -2)), {among}),
    lambda _z: (_z[1] - _z[2]) * _z[1]::DOUBLE / _z[3]
)) / len(list_filter({entries}, lambda _z: _z.p)) END

-- name: positive_scores()
-- example: entries = [{'s': 0.5, 'p': TRUE}]
list_sort(list_transform(list_filter({entries}, lambda _z: _z.p), lambda _z: _z.s), 'DESC')

-- name: last_of_their_score()
-- example: scores = [0.5, 0.5, 0.1]
list_transform(
    list_zip({scores}, list_slice({scores}, 2, len({scores}))), lambda _z: _z[2] IS NULL OR _z[1] <> _z[2]
)

-- name: found_positives()
-- example: scores = [0.5, 0.5, 0.1]
-- example: last = [FALSE, TRUE, TRUE]
list_where(range(1, len({scores}) + 1), {last})

-- name: among_all()
-- example: entries = [{'s': 0.5, 'p': TRUE}]
-- example: last = [TRUE]
list_where(list_where(
    range(1, len({entries}) + 1),
    list_transform(
        list_sort(list_transform({entries}, lambda _z: struct_pack(s := _z.s, q := NOT _z.p)), 'DESC'),
        lambda _z: NOT _z.q
    )
), {last})

-- Under weights, one pass over the sorted entries carries what lies behind.

-- name: weighted_count()
-- example: condition = correct
-- example: weight = 1.0
coalesce(sum({weight}) FILTER (WHERE {condition}), 0)::DOUBLE

-- name: weighted_count_of_class()
-- example: condition = correct
-- example: label = truth
-- example: weight = 1.0
coalesce(sum({weight}) FILTER (WHERE ({condition}) AND {label} = class), 0)::DOUBLE

-- name: weighted_rows_by_label()
-- example: condition = correct
-- example: label = truth
-- example: weight = 1.0
list(struct_pack(t := {label}, w := {weight})) FILTER (WHERE {condition})

-- name: weighted_count_of_rows()
-- example: rows = [{'t': 'a', 'w': 1.0}]
-- example: class = 'a'
coalesce(list_sum(list_transform(list_filter({rows}, lambda _r: _r.t = {class}), lambda _r: _r.w)), 0)::DOUBLE

-- name: labels_of_rows()
-- example: rows = [{'t': 'a', 'w': 1.0}]
list_transform({rows}, lambda _r: _r.t)

-- name: weighted_sum()
-- example: value = confidence
-- example: weight = 1.0
sum(({weight})::DOUBLE * ({value})::DOUBLE)

-- Samples that count nothing have no part in extremes.

-- name: weighted_minimum()
-- example: value = confidence
-- example: weight = 1.0
min(({value})::DOUBLE) FILTER (({weight}) > 0)

-- name: weighted_maximum()
-- example: value = confidence
-- example: weight = 1.0
max(({value})::DOUBLE) FILTER (({weight}) > 0)

-- name: weighted_median()
-- example: value = confidence
-- example: weight = 1.0
-- example: half = sum(1.0) FILTER (WHERE confidence IS NOT NULL) / 2
list_reduce(
    list_prepend(
        struct_pack(v := NULL::DOUBLE, c := 0::DOUBLE, h := ({half})::DOUBLE, a := NULL::DOUBLE, b := NULL::DOUBLE),
        list_transform(
            list_sort(list(struct_pack(v := ({value})::DOUBLE, w := ({weight})::DOUBLE))
                FILTER (WHERE ({value}) IS NOT NULL AND {weight} > 0)),
            lambda _z: struct_pack(v := _z.v, c := _z.w, h := 0::DOUBLE, a := NULL::DOUBLE, b := NULL::DOUBLE)
        )
    ),
    lambda _x, _y: struct_pack(
        v := _y.v, c := _x.c + _y.c, h := _x.h,
        a := CASE WHEN _x.a IS NULL AND _x.c + _y.c >= _x.h * (1 - 1e-10) THEN _y.v ELSE _x.a END,
        b := CASE WHEN _x.b IS NULL AND _x.c + _y.c > _x.h * (1 + 1e-10) THEN _y.v ELSE _x.b END
    )
)

-- name: middle()
-- example: state = {'a': 0.5, 'b': 0.5}
({state}).a / 2 + ({state}).b / 2

-- name: half_of_weights()
-- example: value = confidence
-- example: weight = 1.0
sum({weight}) FILTER (WHERE ({value}) IS NOT NULL) / 2

-- name: weighted_roc_auc()
-- example: entries = [{'s': 0.5, 'p': TRUE, 'w': 1.0}]
-- example: below = {'g': 0.5}
(({below}).g) / nullif(
    list_sum(list_transform(list_filter({entries}, lambda _z: _z.p), lambda _z: _z.w))
    * list_sum(list_transform(list_filter({entries}, lambda _z: NOT _z.p), lambda _z: _z.w)), 0)

-- name: weight_of_negatives_below()
-- example: entries = [{'s': 0.5, 'p': TRUE, 'w': 1.0}]
list_reduce(
    list_prepend(
        struct_pack(s := NULL::DOUBLE, p := FALSE, w := 0::DOUBLE, n := 0::DOUBLE, t := 0::DOUBLE, g := 0::DOUBLE),
        list_transform(list_sort({entries}), lambda _z: struct_pack(
            s := _z.s::DOUBLE, p := _z.p, w := _z.w::DOUBLE, n := 0::DOUBLE, t := 0::DOUBLE, g := 0::DOUBLE))
    ),
    lambda _x, _y: struct_pack(
        s := _y.s, p := _y.p, w := _y.w,
        n := CASE WHEN _y.p THEN _x.n ELSE _x.n + _y.w END,
        t := CASE WHEN _y.p THEN CASE WHEN _x.s = _y.s THEN _x.t ELSE 0 END
            WHEN _x.s = _y.s THEN _x.t + _y.w ELSE _y.w END,
        g := CASE WHEN _y.p THEN _x.g + _y.w * (_x.n - CASE WHEN _x.s = _y.s THEN _x.t ELSE 0 END / 2) ELSE _x.g END
    )
)

-- name: weighted_average_precision()
-- example: entries = [{'s': 0.5, 'p': TRUE, 'w': 1.0}]
-- example: tallied = {'a': 0.5, 'g': 0.5, 'f': 0.5, 't': 0.5}
(({tallied}).a + CASE WHEN ({tallied}).t > 0 THEN ({tallied}).g * ({tallied}).f / ({tallied}).t ELSE 0 END)
    / nullif(list_sum(list_transform(list_filter({entries}, lambda _z: _z.p), lambda _z: _z.w)), 0)

-- name: weights_from_the_top()
-- example: entries = [{'s': 0.5, 'p': TRUE, 'w': 1.0}]
list_reduce(
    list_prepend(
        struct_pack(s := NULL::DOUBLE, f := 0::DOUBLE, t := 0::DOUBLE, g := 0::DOUBLE, a := 0::DOUBLE),
        list_transform(list_sort({entries}, 'DESC'), lambda _z: struct_pack(
            s := _z.s::DOUBLE, f := CASE WHEN _z.p THEN _z.w ELSE 0 END::DOUBLE, t := _z.w::DOUBLE,
            g := CASE WHEN _z.p THEN _z.w ELSE 0 END::DOUBLE, a := 0::DOUBLE))
    ),
    lambda _x, _y: struct_pack(
        s := _y.s, f := _x.f + _y.f, t := _x.t + _y.t,
        g := CASE WHEN _x.s = _y.s THEN _x.g + _y.g ELSE _y.g END,
        a := CASE WHEN _x.s = _y.s OR _x.t = 0 THEN _x.a ELSE _x.a + _x.g * _x.f / _x.t END
    )
)
