// SPDX-License-Identifier: GPL-2.0
// Threads, collections that survive and die, and a child, for a JVM under emulation; prints what depends on neither time nor order.
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.zip.CRC32;

public class Program {
    private static final int ENTRIES = 60000;

    private static long work(int seed) {
        Map<String, Integer> count = new HashMap<>();
        long state = seed;
        for (int i = 0; i < ENTRIES; i++) {
            state = state * 6364136223846793005L + 1442695040888963407L;
            count.merge("key-" + (state >>> 44) % 5000, 1, Integer::sum);
        }
        List<String> keys = new ArrayList<>(count.keySet());
        Collections.sort(keys);
        CRC32 sum = new CRC32();
        for (String key : keys) {
            sum.update((key + "=" + count.get(key)).getBytes());
        }
        return sum.getValue();
    }

    private static int caughtNulls() {
        int caught = 0;
        String[] words = {"a", null, "bc"};
        for (int i = 0; i < 3000; i++) {
            try {
                caught += words[i % 3].length() * 0;
            } catch (NullPointerException expected) {
                caught++;
            }
        }
        return caught;
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Long>> results = new ArrayList<>();
        for (int seed = 1; seed <= 8; seed++) {
            final int mine = seed;
            results.add(pool.submit(() -> work(mine)));
        }
        for (Future<Long> result : results) {
            System.out.println(Long.toHexString(result.get()));
        }
        pool.shutdown();
        System.gc();
        System.out.println(caughtNulls() + " null pointers");
        Process child = new ProcessBuilder("/bin/sh", "-c", "seq 1 1000 | tail -n 1").start();
        System.out.println("child: " + new String(child.getInputStream().readAllBytes()).trim() + ", status " + child.waitFor());
    }
}
