package org.moe4j.backend;

import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** PEER's single-neuron experts of a back end that has no kernel for them: gather-dot, function, gates, gather-sum. */
final class SingleNeurons {
    private SingleNeurons() {}

    static void forward(Backend on, Unary f, Storage x, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s, Storage y,
            Storage work) {
        Storage value = work.slice(0, s.size());
        Storage weights = work.slice(s.size(), s.size());
        on.gatherDot(x, down, width, ids, perRow, s, false);
        on.unary(f, s, value);
        multiply(on, gates, value, weights);
        on.gatherSum(weights, up, width, ids, perRow, y, false);
    }

    static void backward(Backend on, Unary f, Storage dy, Storage down, Storage up, int width, IntStorage ids, int perRow, Storage gates, Storage s,
            Storage dgates, Storage weights, Storage ds, Storage dx, Storage work) {
        Storage value = work.slice(0, s.size());
        Storage dvalue = work.slice(s.size(), s.size());
        on.unary(f, s, value);
        multiply(on, gates, value, weights);
        on.gatherDot(dy, up, width, ids, perRow, ds, false);                          // that of the weights
        if (dgates != null) {
            on.binaryGrad(Binary.MULTIPLY, dims(s), Strided.of(gates), Strided.of(value), ds, dgates, null);
        }
        multiply(on, gates, ds, dvalue);
        on.fill(ds, 0);
        on.unaryGrad(f, s, value, dvalue, ds);
        if (dx != null) {
            on.gatherSum(ds, down, width, ids, perRow, dx, true);
        }
    }

    private static void multiply(Backend on, Storage a, Storage b, Storage y) {
        on.binary(Binary.MULTIPLY, dims(y), Strided.of(a), Strided.of(b), y);
    }

    private static int[] dims(Storage x) {
        return new int[] {Math.toIntExact(x.size())};
    }
}
