package org.moe4j.backend.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.moe4j.backend.simd.Lanes.F;
import static org.moe4j.backend.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import org.moe4j.backend.AdamStep;

/** Adam (Kingma and Ba 2015, algorithm 1) over a run of values, in the form of {@link AdamStep}. */
final class Adam {
    private Adam() {}

    static void step(AdamStep step, float[] p, int ip, float[] g, int ig, float[] m, int im, float[] v, int iv, int n) {
        float beta1 = (float) step.beta1();
        float beta2 = (float) step.beta2();
        float rest1 = (float) (1 - step.beta1());
        float rest2 = (float) (1 - step.beta2());
        float rate = (float) step.rate();
        float scale = (float) step.vScale();
        float eps = (float) step.eps();
        float keep = (float) step.keep();
        float l2 = (float) step.l2();
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector weight = fromArray(F, p, ip + i);
            FloatVector gradient = weight.fma(broadcast(F, l2), fromArray(F, g, ig + i));
            FloatVector mean = fromArray(F, m, im + i).fma(broadcast(F, beta1), gradient.mul(rest1));
            FloatVector square = fromArray(F, v, iv + i).fma(broadcast(F, beta2), gradient.mul(gradient).mul(rest2));
            mean.intoArray(m, im + i);
            square.intoArray(v, iv + i);
            FloatVector change = mean.mul(rate).div(square.sqrt().fma(broadcast(F, scale), broadcast(F, eps)));
            weight.mul(keep).sub(change).intoArray(p, ip + i);
        }
        for (; i < n; i++) { // the same operations one by one, which round the same
            float weight = p[ip + i];
            float gradient = Math.fma(weight, l2, g[ig + i]);
            m[im + i] = Math.fma(m[im + i], beta1, gradient * rest1);
            v[iv + i] = Math.fma(v[iv + i], beta2, gradient * gradient * rest2);
            float change = m[im + i] * rate / Math.fma((float) Math.sqrt(v[iv + i]), scale, eps);
            p[ip + i] = weight * keep - change;
        }
    }
}
