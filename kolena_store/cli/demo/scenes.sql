-- The scenarios of the demo of object detection. Views over ground_truths select digits: all others are ignored.

CREATE VIEW "Front view" AS SELECT * FROM ground_truths WHERE occlusion = 0 AND crowding = 0;
COMMENT ON VIEW "Front view" IS 'Digits that nothing covers or touches';

CREATE VIEW "High occlusion" AS SELECT * FROM ground_truths WHERE occlusion >= 0.25 OR crowding >= 0.05;
COMMENT ON VIEW "High occlusion" IS 'Tape hides a quarter of the ink or more, or another digit lies across it';

CREATE VIEW "Taped" AS SELECT * FROM ground_truths WHERE occlusion >= 0.1 AND crowding = 0;
COMMENT ON VIEW "Taped" IS 'Tape hides 10 % of the ink or more, and no other digit touches it';

CREATE VIEW "Small" AS SELECT * FROM ground_truths WHERE height < 18;
COMMENT ON VIEW "Small" IS 'Lower than 18 pixels';

CREATE VIEW "Large" AS SELECT * FROM ground_truths WHERE height >= 30;
COMMENT ON VIEW "Large" IS '30 pixels high or higher';

CREATE VIEW "Dark" AS SELECT * FROM test_samples WHERE brightness < 0.6;
COMMENT ON VIEW "Dark" IS 'The mean of all pixels is under 60 % of white';

CREATE VIEW "Noisy" AS SELECT * FROM test_samples WHERE noise >= 0.03;
COMMENT ON VIEW "Noisy" IS 'Noise changed the pixels by 3 % of white or more (standard deviation)';

CREATE VIEW "Crowded" AS SELECT * FROM test_samples WHERE n_digits >= 6;
COMMENT ON VIEW "Crowded" IS 'Six digits or more';

CREATE VIEW "High occlusion in the dark" AS SELECT * FROM "High occlusion"
WHERE _sample IN (SELECT _sample FROM "Dark");
COMMENT ON VIEW "High occlusion in the dark" IS 'Digits of High occlusion, on the dark scenes';
