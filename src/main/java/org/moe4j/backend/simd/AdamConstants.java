package org.moe4j.backend.simd;

import org.moe4j.backend.AdamStep;

/** The scalars of an {@link AdamStep} in float32, for all rows of it. Fields, not methods: {@link HalfAdam} is as large as the compiler inlines into. */
final class AdamConstants {
    final float beta1;
    final float beta2;
    /** 1 - beta1 and 1 - beta2. */
    final float rest1;
    final float rest2;
    final float rate;
    final float scale;
    final float eps;
    final float keep;
    final float l2;

    AdamConstants(AdamStep step) {
        beta1 = (float) step.beta1();
        beta2 = (float) step.beta2();
        rest1 = (float) (1 - step.beta1());
        rest2 = (float) (1 - step.beta2());
        rate = (float) step.rate();
        scale = (float) step.vScale();
        eps = (float) step.eps();
        keep = (float) step.keep();
        l2 = (float) step.l2();
    }
}
