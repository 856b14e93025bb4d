-- The scenarios of the demo. The columns are measures of the rendered images; `digit` is what the image shows.

CREATE VIEW "Clean" AS SELECT * FROM test_samples
WHERE occlusion = 0 AND rotation = 0 AND noise = 0 AND scale = 1 AND brightness >= 0.6;
COMMENT ON VIEW "Clean" IS 'Upright, full size, in good light, nothing covered, no noise';

CREATE VIEW "Rotated" AS SELECT * FROM test_samples WHERE rotation <= -12 OR rotation >= 12;
COMMENT ON VIEW "Rotated" IS 'Turned by 12 degrees or more, either way';

CREATE VIEW "Small" AS SELECT * FROM test_samples WHERE scale <= 0.85;
COMMENT ON VIEW "Small" IS 'Drawn at 85 % of full size or less';

CREATE VIEW "Dark" AS SELECT * FROM test_samples WHERE brightness < 0.5;
COMMENT ON VIEW "Dark" IS 'The mean of all pixels is under half of white';

CREATE VIEW "Noisy" AS SELECT * FROM test_samples WHERE noise >= 0.07;
COMMENT ON VIEW "Noisy" IS 'Noise changed the pixels by 7 % of white or more (standard deviation)';

CREATE VIEW "Occluded" AS SELECT * FROM test_samples WHERE occlusion >= 0.3;
COMMENT ON VIEW "Occluded" IS 'Tape hides 30 % of the ink or more';

CREATE VIEW "Slightly occluded" AS SELECT * FROM test_samples WHERE occlusion > 0 AND occlusion < 0.3;
COMMENT ON VIEW "Slightly occluded" IS 'Tape hides some of the ink, but less than 30 %';

CREATE VIEW "Rotated and occluded" AS SELECT * FROM "Rotated" WHERE occlusion > 0;
COMMENT ON VIEW "Rotated and occluded" IS 'Turned by 12 degrees or more, and some of the ink under tape';

CREATE VIEW "Small or dark, and noisy" AS SELECT * FROM test_samples WHERE (scale <= 0.85 OR brightness < 0.5) AND noise > 0;
COMMENT ON VIEW "Small or dark, and noisy" IS 'A poor picture: little of the digit or little light, and noise';

CREATE VIEW "3, 8 or 9" AS SELECT * FROM test_samples WHERE digit IN ('3', '8', '9');
COMMENT ON VIEW "3, 8 or 9" IS 'The digits that are most alike';
