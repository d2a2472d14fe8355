-- SPDX-License-Identifier: MIT
-- 20000 rows written, indexed, read by order and by key, and changed.
CREATE TABLE rows (id INTEGER PRIMARY KEY, name TEXT, value INTEGER);
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 20000)
INSERT INTO rows SELECT n, 'name ' || (n * 7919 % 20000) || hex(zeroblob(20)), n % 1000 FROM number;
CREATE INDEX names ON rows (name);
SELECT count(*), sum(length(name)) FROM (SELECT name FROM rows ORDER BY name DESC);
SELECT value, count(*), max(name) FROM rows GROUP BY value HAVING value < 10;
UPDATE rows SET name = name || '+' WHERE id % 4 = 0;
DELETE FROM rows WHERE id % 5 = 0;
SELECT count(*) FROM rows a JOIN rows b ON b.id = a.value;
