-- SPDX-License-Identifier: MIT
-- A small shop in memory: customers and orders made from a recursive query, indexes, joins, groups, updates, deletions.
CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE purchase(id INTEGER PRIMARY KEY, customer INTEGER, amount INTEGER, note TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO customer SELECT i, printf('name-%x', i * 7919 % 100003), printf('city-%d', i * 31 % 211) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
INSERT INTO purchase SELECT i, 1 + i * 7919 % 20000, i * 104729 % 9973, printf('%.*c', 10 + i % 90, 'x') FROM n;
CREATE INDEX purchase_customer ON purchase(customer, amount);
CREATE INDEX customer_city ON customer(city);
SELECT count(*), sum(total) FROM (
    SELECT city, sum(amount) AS total FROM customer JOIN purchase ON customer = customer.id GROUP BY city ORDER BY total);
UPDATE purchase SET note = note || '-' || amount WHERE amount % 3 = 0;
DELETE FROM purchase WHERE amount % 7 = 0;
SELECT count(DISTINCT note), max(length(note)) FROM purchase;
SELECT group_concat(name, ',') IS NOT NULL FROM customer GROUP BY city HAVING count(*) > 90 LIMIT 3;
