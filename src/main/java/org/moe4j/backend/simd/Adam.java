package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;

/** Adam (Kingma and Ba 2015, algorithm 1) over a run of values, in the form of {@link org.moe4j.backend.AdamStep}. */
final class Adam {
    private Adam() {}

    static void step(AdamConstants adam, float[] p, int ip, float[] g, int ig, float[] m, int im, float[] v, int iv, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector weight = fromArray(F, p, ip + i);
            FloatVector gradient = weight.fma(broadcast(F, adam.l2), fromArray(F, g, ig + i));
            FloatVector mean = fromArray(F, m, im + i).fma(broadcast(F, adam.beta1), gradient.mul(adam.rest1));
            FloatVector square = fromArray(F, v, iv + i).fma(broadcast(F, adam.beta2), gradient.mul(gradient).mul(adam.rest2));
            mean.intoArray(m, im + i);
            square.intoArray(v, iv + i);
            FloatVector change = mean.mul(adam.rate).div(square.sqrt().fma(broadcast(F, adam.scale), broadcast(F, adam.eps)));
            weight.mul(adam.keep).sub(change).intoArray(p, ip + i);
        }
        for (; i < n; i++) { // the same operations one by one, which round the same
            float weight = p[ip + i];
            float gradient = Math.fma(weight, adam.l2, g[ig + i]);
            m[im + i] = Math.fma(m[im + i], adam.beta1, gradient * adam.rest1);
            v[iv + i] = Math.fma(v[iv + i], adam.beta2, gradient * gradient * adam.rest2);
            float change = m[im + i] * adam.rate / Math.fma((float) Math.sqrt(v[iv + i]), adam.scale, adam.eps);
            p[ip + i] = weight * adam.keep - change;
        }
    }
}
