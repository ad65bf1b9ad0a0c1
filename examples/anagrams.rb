# The words of standard input that are anagrams of each other.
#
#   isorun run --isolation docker examples/anagrams.rb --stdin 'listen silent enlist google elbow below'
groups = $stdin.read.downcase.scan(/\p{Alpha}+/).uniq.group_by { |word| word.chars.sort.join }
groups.values.select { |words| words.size > 1 }.each { |words| puts words.sort.join(" ") }
