#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Text made, split, counted, joined and sorted: hashes of arrays of strings.
use strict;
use warnings;

my $count = shift // 60000;
srand(42);
my @names = map {
    join '', map { chr(97 + int rand 16) } 1 .. 3 + int rand 10
} 1 .. 5000;
my (%seen, %lines);
for my $number (1 .. $count) {
    my $line = join ' ', map { $names[ rand @names ] } 1 .. 12;
    for my $word (split / /, $line) {
        $seen{$word}++;
        push @{ $lines{ substr $word, 0, 2 } }, $number;
    }
    $line =~ s/([aeiou])([b-d])/$2$1/g;
    $lines{$line} = [ length $line, uc $line ];
}
my @ranking = sort { $seen{$b} <=> $seen{$a} || $a cmp $b } keys %seen;
print scalar(@ranking), ' ', scalar(keys %lines), "\n";
