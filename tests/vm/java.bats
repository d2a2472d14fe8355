#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A JVM reserves its heap without access and commits parts of it later: one rule for the reservation places them all,
# looked at page by page while a database runs in it.

load placement

teardown() {
    clean_up
}

# start_java OPTION... - a database in the JVM's heap, of 5000 rows. Interpreted: QEMU reads an instruction byte by byte while the JVM,
# on another CPU, replaces the first one of a compiled method, and what it makes of that faults. So it does without the shim:
# in a program that makes it frequent 19 of 31 starts, 24 of 29 with the shim, none of 5 on one CPU.
start_java() {
    cat >"$BATS_TEST_TMPDIR/database.bsh" <<'END'
import java.sql.*;
Connection database = DriverManager.getConnection("jdbc:hsqldb:mem:test", "sa", "");
Statement statement = database.createStatement();
statement.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(1000))");
PreparedStatement insert = database.prepareStatement("INSERT INTO t VALUES (?, ?)");
String text = "0123456789";
for (i = 0; i < 6; i++) text = text + text;
for (i = 0; i < 5000; i++) { insert.setInt(1, i); insert.setString(2, text + i); insert.executeUpdate(); }
ResultSet rows = statement.executeQuery("SELECT COUNT(*), SUM(CHAR_LENGTH(name)) FROM t");
rows.next();
System.out.println("rows " + rows.getInt(1) + " characters " + rows.getLong(2));
System.out.println("ready");
System.out.flush();
System.in.read();
System.exit(0);
END
    start "$(echo /usr/lib/jvm/java-17-openjdk-*/bin/java)" -Xint "$@" -Xms"${heap-128m}" -Xmx"${heap-128m}" -cp /usr/share/java/hsqldb.jar:/usr/share/java/bsh.jar \
        bsh.Interpreter "$BATS_TEST_TMPDIR/database.bsh"
    hear_blocks
    assert_equal "${blocks[*]}" 'rows 5000 characters 3218890'
}

# heap_range SIZE - START LENGTH of the parts of the heap, which begins where a reservation of exactly its size can be.
heap_range() {
    awk '$2 ~ /^rw-p/ && $6 == "" { split($1, ends, "-")
        from = strtonum("0x" ends[1]); till = strtonum("0x" ends[2])
        if (till - from > most) { most = till - from; found = from " " till - from } }
        END { print found }' "/proc/$pid/maps"
}

@test "the JVM's heap, reserved and committed later, is interleaved by one rule" {
    rules '[mmap.heap]' 'kind = private' 'size = 128M-129M' 'policy = interleave' 'nodes = 0-3'
    start_java -XX:+UseSerialGC -XX:+AlwaysPreTouch
    # shellcheck disable=SC2046 # two numbers
    count $(heap_range)
    [ "$present" -gt $((30 << 8)) ] || fail "the heap is not found: ${on[*]}"
    assert_even 2 0 1 2 3
    hold
    finish
    [ "$status" -eq 0 ]
    [ "$(rule .misplaced_pages mmap.heap)" -eq 0 ]
    [ "$(rule '.pages | add' mmap.heap)" -ge 32768 ]
    [ "$(rule '[.pages[]] | max - min' mmap.heap)" -le 8 ]
}

@test "the JVM with its example policy: the heap round the nodes" {
    cp "$NUMAPERF_BUILD/../config/examples/java.ini" "$BATS_TEST_TMPDIR/policy.ini"
    heap=256m start_java -XX:+UseSerialGC -XX:+AlwaysPreTouch
    # shellcheck disable=SC2046 # two numbers
    count $(heap_range)
    [ "$present" -gt $((60 << 8)) ] || fail "the heap is not found: ${on[*]}"
    assert_even 2 0 1 2 3
    hold
    finish
    [ "$status" -eq 0 ]
    [ "$(rule .misplaced_pages mmap.heap)" -eq 0 ]
    [ "$(rule '.pages | add' mmap.heap)" -ge 65536 ]
}

@test "the heap of another collector is bound to one node in hard mode" {
    rules '[mmap.heap]' 'kind = private' 'size = 128M-129M' 'policy = bind' 'nodes = 2' 'mode = hard'
    start_java -XX:+UseG1GC
    # shellcheck disable=SC2046 # two numbers
    count $(heap_range)
    assert_only 2
    hold
    finish
    [ "$status" -eq 0 ]
    [ "$(rule .enforcement mmap.heap)" = strict ]
    run rule '.pages["2"]' mmap.heap
    ((output >= 120 << 8)) || fail "on node 2: $output pages" # the archive of classes is mapped over some of it
    [ "$(rule .misplaced_pages mmap.heap)" -eq 0 ]
}
