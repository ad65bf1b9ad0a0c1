# Greet everybody named on the command line.
#
#   isorun run examples/hello.pl -- Ada Grace
use strict;
use warnings;

print "Hello, $_!\n" for @ARGV ? @ARGV : 'world';
