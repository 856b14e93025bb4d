-- term: images = matches images

-- term: objects = matches objects

-- term: true_positives = matches true_positives

-- term: false_positives = matches false_positives

-- term: overlap_of_matches = matches overlap_of_matches

-- term: classification_mistakes = matches classification_mistakes

-- term: localisation_mistakes = matches localisation_mistakes

-- term: both_mistakes = matches both_mistakes

-- term: duplicate_mistakes = matches duplicate_mistakes

-- term: background_mistakes = matches background_mistakes

-- term: missed_objects = matches missed_objects

-- term: confusion = pairs truth_and_detection

-- term: average_precision = matches average_precision

-- term: average_precision_50 = matches average_precision_50

-- term: average_precision_75 = matches average_precision_75

-- term: average_precision_small = matches average_precision_small

-- term: average_precision_medium = matches average_precision_medium

-- term: average_precision_large = matches average_precision_large

-- term: average_precision_iou = matches average_precision_chosen

-- term: average_recall_1 = matches average_recall_1

-- term: average_recall_10 = matches average_recall_10

-- term: average_recall_100 = matches average_recall

-- term: average_recall_50 = matches average_recall_50

-- term: average_recall_75 = matches average_recall_75

-- term: average_recall_small = matches average_recall_small

-- term: average_recall_medium = matches average_recall_medium

-- term: average_recall_large = matches average_recall_large

-- term: voc_average_precision = matches voc_average_precision

-- term: voc_average_precision_11 = matches voc_average_precision_11

-- term: log_average_miss_rate = matches log_average_miss_rate

-- term: gain_classification = matches gain_classification

-- term: gain_localisation = matches gain_localisation

-- term: gain_both = matches gain_both

-- term: gain_duplicate = matches gain_duplicate

-- term: gain_background = matches gain_background

-- term: gain_missed = matches gain_missed

-- metric: ap
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: COCO's average precision, the mean over the overlaps .50, .55, ... .95
-- undefined: there is no object
avg(average_precision)

-- metric: ap
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: COCO's average precision, the mean over the overlaps .50, .55, ... .95
-- undefined: there is no object
average_precision

-- metric: ap50
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: COCO's average precision at an overlap of .5
-- undefined: there is no object
avg(average_precision_50)

-- metric: ap50
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: COCO's average precision at an overlap of .5
-- undefined: there is no object
average_precision_50

-- metric: ap75
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: COCO's average precision at an overlap of .75
-- undefined: there is no object
avg(average_precision_75)

-- metric: ap75
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: COCO's average precision at an overlap of .75
-- undefined: there is no object
average_precision_75

-- metric: ap_small
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: ap of objects of at most 32^2 pixels, others ignored
-- undefined: there is no object of at most 32^2 pixels
avg(average_precision_small)

-- metric: ap_small
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: ap of objects of at most 32^2 pixels, others ignored
-- undefined: there is no object of at most 32^2 pixels
average_precision_small

-- metric: ap_medium
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: ap of objects from 32^2 to 96^2 pixels, others ignored
-- undefined: there is no object from 32^2 to 96^2 pixels
avg(average_precision_medium)

-- metric: ap_medium
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: ap of objects from 32^2 to 96^2 pixels, others ignored
-- undefined: there is no object from 32^2 to 96^2 pixels
average_precision_medium

-- metric: ap_large
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: ap of objects of at least 96^2 pixels, others ignored
-- undefined: there is no object of at least 96^2 pixels
avg(average_precision_large)

-- metric: ap_large
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: ap of objects of at least 96^2 pixels, others ignored
-- undefined: there is no object of at least 96^2 pixels
average_precision_large

-- metric: ap_iou
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: COCO's average precision at the overlap iou, of several the mean
-- undefined: there is no object
avg(average_precision_iou)

-- metric: ap_iou
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: COCO's average precision at the overlap iou, of several the mean
-- undefined: there is no object
average_precision_iou

-- metric: ar_1
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: mean recall over COCO's overlaps with at most 1 detection of an image and class
-- undefined: there is no object
avg(average_recall_1)

-- metric: ar_1
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: mean recall over COCO's overlaps with at most 1 detection of an image and class
-- undefined: there is no object
average_recall_1

-- metric: ar_10
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: mean recall over COCO's overlaps with at most 10 detections of an image and class
-- undefined: there is no object
avg(average_recall_10)

-- metric: ar_10
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: mean recall over COCO's overlaps with at most 10 detections of an image and class
-- undefined: there is no object
average_recall_10

-- metric: ar_100
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: mean recall over COCO's overlaps with at most 100 detections (or max_detections) of an image and class
-- undefined: there is no object
avg(average_recall_100)

-- metric: ar_100
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: mean recall over COCO's overlaps with at most 100 detections (or max_detections) of an image and class
-- undefined: there is no object
average_recall_100

-- metric: ar50
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: recall at an overlap of .5 of all detections that count
-- undefined: there is no object
avg(average_recall_50)

-- metric: ar50
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: recall at an overlap of .5 of all detections that count
-- undefined: there is no object
average_recall_50

-- metric: ar75
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: recall at an overlap of .75 of all detections that count
-- undefined: there is no object
avg(average_recall_75)

-- metric: ar75
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: recall at an overlap of .75 of all detections that count
-- undefined: there is no object
average_recall_75

-- metric: ar_small
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: ar_100 of objects of at most 32^2 pixels, others ignored
-- undefined: there is no object of at most 32^2 pixels
avg(average_recall_small)

-- metric: ar_small
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: ar_100 of objects of at most 32^2 pixels, others ignored
-- undefined: there is no object of at most 32^2 pixels
average_recall_small

-- metric: ar_medium
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: ar_100 of objects from 32^2 to 96^2 pixels, others ignored
-- undefined: there is no object from 32^2 to 96^2 pixels
avg(average_recall_medium)

-- metric: ar_medium
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: ar_100 of objects from 32^2 to 96^2 pixels, others ignored
-- undefined: there is no object from 32^2 to 96^2 pixels
average_recall_medium

-- metric: ar_large
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: ar_100 of objects of at least 96^2 pixels, others ignored
-- undefined: there is no object of at least 96^2 pixels
avg(average_recall_large)

-- metric: ar_large
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: ar_100 of objects of at least 96^2 pixels, others ignored
-- undefined: there is no object of at least 96^2 pixels
average_recall_large

-- metric: voc_ap
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: area under the precision envelope, one-to-one matching at the overlap iou (Pascal VOC 2010)
-- undefined: there is no object
avg(voc_average_precision)

-- metric: voc_ap
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: area under the precision envelope, one-to-one matching at the overlap iou (Pascal VOC 2010)
-- undefined: there is no object
voc_average_precision

-- metric: voc_ap_11
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: mean over the classes with objects of: mean of the highest precision at 11 recalls, one-to-one matching at the overlap iou (Pascal VOC 2007)
-- undefined: there is no object
avg(voc_average_precision_11)

-- metric: voc_ap_11
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: mean of the highest precision at 11 recalls, one-to-one matching at the overlap iou (Pascal VOC 2007)
-- undefined: there is no object
voc_average_precision_11

-- metric: precision
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(true_positives + false_positives), 0)
-- measured: max(n_answered)
-- formula: true positives / (true positives + false positives), of detections from the threshold on
-- undefined: no detection counts
sum(true_positives) / nullif((sum(true_positives) + sum(false_positives)), 0)

-- metric: precision
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: true_positives + false_positives
-- measured: n_answered
-- formula: true positives / (true positives + false positives), of detections from the threshold on
-- undefined: no detection counts
true_positives / nullif((true_positives + false_positives), 0)

-- metric: recall
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- formula: true positives / objects, of detections from the threshold on
-- undefined: there is no object
sum(true_positives) / nullif(sum(objects), 0)

-- metric: recall
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- formula: true positives / objects, of detections from the threshold on
-- undefined: there is no object
true_positives / nullif(objects, 0)

-- metric: f1
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(false_positives + objects), 0)
-- measured: max(n_answered)
-- formula: 2 true positives / (detections + objects), of detections from the threshold on
-- undefined: there is neither an object nor a detection that counts
2 * sum(true_positives) / nullif((sum(true_positives) + sum(false_positives) + sum(objects)), 0)

-- metric: f1
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: false_positives + objects
-- measured: n_answered
-- formula: 2 true positives / (detections + objects), of detections from the threshold on
-- undefined: there is neither an object nor a detection that counts
2 * true_positives / nullif((true_positives + false_positives + objects), 0)

-- metric: mean_iou
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(true_positives), 0)
-- measured: max(n_answered)
-- formula: mean overlap of the true positives with their objects
-- undefined: there is no true positive
sum(overlap_of_matches) / nullif(sum(true_positives), 0)

-- metric: mean_iou
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: true_positives
-- measured: n_answered
-- formula: mean overlap of the true positives with their objects
-- undefined: there is no true positive
overlap_of_matches / nullif(true_positives, 0)

-- metric: false_positives_per_image
-- of: classes
-- better: lower
-- unit: per image
-- range: [0, inf)
-- n: coalesce(max(images), 0)
-- measured: max(n_answered)
-- formula: false positives / images, of detections from the threshold on
-- undefined: no image was answered
sum(false_positives) / nullif(max(images), 0)

-- metric: false_positives_per_image
-- of: class
-- better: lower
-- unit: per image
-- range: [0, inf)
-- n: images
-- measured: n_answered
-- formula: false positives / images, of detections from the threshold on
-- undefined: no image was answered
false_positives / nullif(images, 0)

-- metric: log_average_miss_rate
-- of: classes
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: bootstrap
-- formula: mean over the classes with objects of: geometric mean of the miss rates at 9 rates of false positives per image from .01 to 1 (Dollar 2012)
-- undefined: there is no object
avg(log_average_miss_rate)

-- metric: log_average_miss_rate
-- of: class
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- interval: bootstrap
-- formula: geometric mean of the miss rates at 9 rates of false positives per image from .01 to 1 (Dollar 2012)
-- undefined: there is no object
log_average_miss_rate

-- metric: true_positives
-- of: classes
-- better: higher
-- unit: detections
-- range: [0, inf)
-- n: coalesce(sum(true_positives), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: detections from the threshold on that are matched to an object
-- undefined: no class is reported
sum(true_positives)

-- metric: true_positives
-- of: class
-- better: higher
-- unit: detections
-- range: [0, inf)
-- n: true_positives
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: detections from the threshold on that are matched to an object
-- undefined: never
true_positives

-- metric: false_positives
-- of: classes
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: coalesce(sum(false_positives), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: detections from the threshold on that are matched to none and not ignored
-- undefined: no class is reported
sum(false_positives)

-- metric: false_positives
-- of: class
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: false_positives
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: detections from the threshold on that are matched to none and not ignored
-- undefined: never
false_positives

-- metric: false_negatives
-- of: classes
-- better: lower
-- unit: objects
-- range: [0, inf)
-- n: coalesce(sum(objects) - sum(true_positives), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: objects without a detection from the threshold on
-- undefined: no class is reported
sum(objects) - sum(true_positives)

-- metric: false_negatives
-- of: class
-- better: lower
-- unit: objects
-- range: [0, inf)
-- n: objects - true_positives
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: objects without a detection from the threshold on
-- undefined: never
objects - true_positives

-- metric: objects
-- of: classes
-- better: none
-- unit: objects
-- range: [0, inf)
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: objects that are not ignored
-- undefined: no class is reported
sum(objects)

-- metric: objects
-- of: class
-- better: none
-- unit: objects
-- range: [0, inf)
-- n: objects
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: objects that are not ignored
-- undefined: never
objects

-- metric: classification_mistakes
-- of: classes
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: coalesce(sum(classification_mistakes), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives on an object of another class (TIDE)
-- undefined: no class is reported
sum(classification_mistakes)

-- metric: classification_mistakes
-- of: class
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: classification_mistakes
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives on an object of another class (TIDE)
-- undefined: never
classification_mistakes

-- metric: localisation_mistakes
-- of: classes
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: coalesce(sum(localisation_mistakes), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives that overlap an object of their class by .1 up to the threshold of overlap (TIDE)
-- undefined: no class is reported
sum(localisation_mistakes)

-- metric: localisation_mistakes
-- of: class
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: localisation_mistakes
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives that overlap an object of their class by .1 up to the threshold of overlap (TIDE)
-- undefined: never
localisation_mistakes

-- metric: both_mistakes
-- of: classes
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: coalesce(sum(both_mistakes), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives that overlap an object of another class too little (TIDE)
-- undefined: no class is reported
sum(both_mistakes)

-- metric: both_mistakes
-- of: class
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: both_mistakes
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives that overlap an object of another class too little (TIDE)
-- undefined: never
both_mistakes

-- metric: duplicate_mistakes
-- of: classes
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: coalesce(sum(duplicate_mistakes), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives on an object that has a true positive (TIDE)
-- undefined: no class is reported
sum(duplicate_mistakes)

-- metric: duplicate_mistakes
-- of: class
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: duplicate_mistakes
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives on an object that has a true positive (TIDE)
-- undefined: never
duplicate_mistakes

-- metric: background_mistakes
-- of: classes
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: coalesce(sum(background_mistakes), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives that overlap no object by more than .1 (TIDE)
-- undefined: no class is reported
sum(background_mistakes)

-- metric: background_mistakes
-- of: class
-- better: lower
-- unit: detections
-- range: [0, inf)
-- n: background_mistakes
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: false positives that overlap no object by more than .1 (TIDE)
-- undefined: never
background_mistakes

-- metric: missed_objects
-- of: classes
-- better: lower
-- unit: objects
-- range: [0, inf)
-- n: coalesce(sum(missed_objects), 0)
-- measured: max(n_answered)
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: objects without any detection, not even of the wrong class or place (TIDE)
-- undefined: no class is reported
sum(missed_objects)

-- metric: missed_objects
-- of: class
-- better: lower
-- unit: objects
-- range: [0, inf)
-- n: missed_objects
-- measured: n_answered
-- interval: none: a count grows with the images, so that it tells nothing of other images
-- formula: objects without any detection, not even of the wrong class or place (TIDE)
-- undefined: never
missed_objects

-- metric: ap_gain_classification
-- of: classes
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: mean over the classes with objects of: what ap at the overlap iou would gain if the false positives of the kind classification were mended (TIDE)
-- undefined: there is no object
avg(gain_classification)

-- metric: ap_gain_classification
-- of: class
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: what ap at the overlap iou would gain if the false positives of the kind classification were mended (TIDE)
-- undefined: there is no object
gain_classification

-- metric: ap_gain_localisation
-- of: classes
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: mean over the classes with objects of: what ap at the overlap iou would gain if the false positives of the kind localisation were mended (TIDE)
-- undefined: there is no object
avg(gain_localisation)

-- metric: ap_gain_localisation
-- of: class
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: what ap at the overlap iou would gain if the false positives of the kind localisation were mended (TIDE)
-- undefined: there is no object
gain_localisation

-- metric: ap_gain_both
-- of: classes
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: mean over the classes with objects of: what ap at the overlap iou would gain if the false positives of the kind both were mended (TIDE)
-- undefined: there is no object
avg(gain_both)

-- metric: ap_gain_both
-- of: class
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: what ap at the overlap iou would gain if the false positives of the kind both were mended (TIDE)
-- undefined: there is no object
gain_both

-- metric: ap_gain_duplicate
-- of: classes
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: mean over the classes with objects of: what ap at the overlap iou would gain if the false positives of the kind duplicate were mended (TIDE)
-- undefined: there is no object
avg(gain_duplicate)

-- metric: ap_gain_duplicate
-- of: class
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: what ap at the overlap iou would gain if the false positives of the kind duplicate were mended (TIDE)
-- undefined: there is no object
gain_duplicate

-- metric: ap_gain_background
-- of: classes
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: mean over the classes with objects of: what ap at the overlap iou would gain if the false positives of the kind background were mended (TIDE)
-- undefined: there is no object
avg(gain_background)

-- metric: ap_gain_background
-- of: class
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: what ap at the overlap iou would gain if the false positives of the kind background were mended (TIDE)
-- undefined: there is no object
gain_background

-- metric: ap_gain_missed
-- of: classes
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: coalesce(sum(objects), 0)
-- measured: max(n_answered)
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: mean over the classes with objects of: what ap at the overlap iou would gain if the objects that are missed altogether did not count (TIDE)
-- undefined: there is no object
avg(gain_missed)

-- metric: ap_gain_missed
-- of: class
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: objects
-- measured: n_answered
-- interval: none: it is a part of a decomposition, not an estimate that is compared
-- formula: what ap at the overlap iou would gain if the objects that are missed altogether did not count (TIDE)
-- undefined: there is no object
gain_missed
