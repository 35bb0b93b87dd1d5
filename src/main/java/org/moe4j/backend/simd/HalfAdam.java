package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.XOR;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.H;
import static org.moe4j.backend.simd.Lanes.I;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import org.moe4j.tensor.StochasticRounding;

/**
 * {@link Adam} of bfloat16 values that are rounded at random: the same operations, then those of {@link Halves}, in registers from load to store, which is
 * 9 ns for 16 values instead of 14 by way of the first-level cache. Written out in one method, since vectors between methods may go through the heap.
 */
final class HalfAdam {
    private HalfAdam() {}

    /**
     * A step of whole vectors.
     *
     * @param place of the first value in its table
     * @return how many of the n values that were; the rest is up to the caller
     */
    static int step(AdamConstants adam, StochasticRounding rounding, int place, short[] p, int ip, float[] g, int ig, short[] m, int im, short[] v, int iv, int n) {
        int first = rounding.first();
        int second = rounding.second();
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector weight = ((IntVector) ShortVector.fromArray(H, p, ip + i).convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector gradient = weight.fma(broadcast(F, adam.l2), fromArray(F, g, ig + i));
            // only a gradient's NaN may have lower bits that carry over into its sign when rounded: it becomes one that has none
            gradient = gradient.blend(Float.NaN, gradient.compare(NE, gradient));
            FloatVector mean = ((IntVector) ShortVector.fromArray(H, m, im + i).convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats()
                    .fma(broadcast(F, adam.beta1), gradient.mul(adam.rest1));
            FloatVector square = ((IntVector) ShortVector.fromArray(H, v, iv + i).convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats()
                    .fma(broadcast(F, adam.beta2), gradient.mul(gradient).mul(adam.rest2));
            FloatVector change = mean.mul(adam.rate).div(square.sqrt().fma(broadcast(F, adam.scale), broadcast(F, adam.eps)));
            FloatVector changed = weight.mul(adam.keep).sub(change);

            IntVector bits = mean.reinterpretAsInts();
            bits.add(bits.lanewise(LSHR, 16).and(1).add(0x7FFF)).lanewise(LSHR, 16).convertShape(I2S, H, 0).reinterpretAsShorts().intoArray(m, im + i);
            IntVector noise = IntVector.fromArray(I, Halves.LANES, 0).add(first + (place + i) * StochasticRounding.STEP);
            noise = noise.lanewise(LSHR, 16).lanewise(XOR, noise).mul(StochasticRounding.MIX_1);
            noise = noise.lanewise(LSHR, 15).lanewise(XOR, noise).lanewise(XOR, second).mul(StochasticRounding.MIX_2);
            noise = noise.lanewise(LSHR, 16).lanewise(XOR, noise);
            square.reinterpretAsInts().add(noise.and(0xFFFF)).lanewise(LSHR, 16).convertShape(I2S, H, 0).reinterpretAsShorts().intoArray(v, iv + i);
            changed.reinterpretAsInts().add(noise.lanewise(LSHR, 16)).lanewise(LSHR, 16).convertShape(I2S, H, 0).reinterpretAsShorts().intoArray(p, ip + i);
        }
        return i;
    }
}
