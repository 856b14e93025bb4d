-- metric: extra_steps_per_solved    better: lower    unit: steps    interval: ratio        (proportion | ratio | bootstrap | none)
-- undefined: the model solved no problem of this test case
WITH terms AS (SELECT sum(i.n_steps - s.n_steps) FILTER (i.is_correct) AS extra, count(*) FILTER (i.is_correct) AS solved FROM results)
SELECT extra / nullif(solved, 0) AS value, solved AS n FROM terms;
