package org.moe4j.backend;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/**
 * Retrieval by product keys, of a back end that has no kernel for it: both sides' scores by products, then the best pairs, for as many rows at a time
 * as there is room for.
 */
final class ProductKeys {
    private ProductKeys() {}

    static void retrieve(Backend on, Storage q, Storage first, Storage second, int rows, int groups, int n, int width, int k, Storage values, IntStorage ids,
            Storage work) {
        int group = rows / groups;
        int most = Math.toIntExact(work.size() / 2 / n);
        for (int from = 0, size; from < rows; from += size) {
            size = Math.min(most, group - from % group);
            Storage a = work.slice(0, (long) size * n);
            Storage b = work.slice((long) most * n, (long) size * n);
            long keys = (long) from / group * n * width;
            on.gemm(false, true, size, n, width, q.slice((long) from * width, (long) size * width), first.slice(keys, (long) n * width), a, false);
            on.gemm(false, true, size, n, width, q.slice((long) (rows + from) * width, (long) size * width), second.slice(keys, (long) n * width), b, false);
            on.productTopK(a, b, size, n, Math.min(k, n), k, values.slice((long) from * k, (long) size * k), ids.slice(from * k, size * k));
        }
    }
}
