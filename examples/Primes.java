// The primes below a limit, by the sieve of Eratosthenes.
//
//   isorun run examples/Primes.java -- 100000
import java.util.BitSet;

public class Primes {
    record Found(int count, int largest) {}

    static Found below(int limit) {
        var composite = new BitSet(limit);
        int count = 0;
        int largest = 0;
        for (int n = 2; n < limit; n++) {
            if (composite.get(n)) continue;
            count++;
            largest = n;
            for (long m = (long) n * n; m < limit; m += n) composite.set((int) m);
        }
        return new Found(count, largest);
    }

    public static void main(String[] args) {
        int limit = args.length > 0 ? Integer.parseInt(args[0]) : 100_000;
        var found = below(limit);
        System.out.printf("%d primes below %d, the largest is %d%n", found.count(), limit, found.largest());
    }
}
