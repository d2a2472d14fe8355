# SPDX-License-Identifier: MIT
"""Work that many scripts do: make records, write and read them as JSON, count words, sort, group, use expressions."""
import collections
import json
import random
import re
import sys


def records(count):
    """Records as a service might log them."""
    dice = random.Random(42)
    names = ["".join(dice.choices("abcdefghijklmnop", k=dice.randint(3, 12))) for _ in range(5000)]
    return [{"id": number, "user": dice.choice(names), "tags": dice.sample(names, 3), "size": dice.randrange(1 << 20),
             "text": " ".join(dice.choices(names, k=12))} for number in range(count)]


def main(count):
    """Everything once."""
    lines = [json.dumps(record) for record in records(count)]
    again = [json.loads(line) for line in lines]
    words = collections.Counter(word for record in again for word in record["text"].split())
    by_user = collections.defaultdict(list)
    for record in again:
        by_user[record["user"]].append(record)
    total = {user: sum(record["size"] for record in group) for user, group in by_user.items()}
    ranking = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    expression = re.compile(r"\b([a-f]+)([g-p]+)\b")
    swapped = sum(len(expression.sub(r"\2-\1", record["text"])) for record in again)
    table = "\n".join(f"{user}\t{size}\t{words.get(user, 0)}" for user, size in ranking)
    print(len(table), swapped)


if __name__ == "__main__":
    main(int(sys.argv[1]))
