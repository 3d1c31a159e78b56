-- Event type, location, code and member count against the bound of dead letters, too.
UPDATE dead_letter_total SET bytes = (
    SELECT ifnull(sum(
        length(body) + length(CAST(reason AS BLOB)) + length(CAST(headers AS BLOB))
        + length(CAST(code AS BLOB)) + ifnull(length(CAST(url_type AS BLOB)), 0)
        + ifnull(length(CAST(location AS BLOB)), 0) + ifnull(length(CAST(field AS BLOB)), 0)
    ), 0) FROM dead_letter
);
