package org.moe4j.backend.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width of this process: the machine's preferred one, or what {@code -Dmoe4j.vectorBits} (128, 256 or 512)
 * asks for, so that one machine can test every width.
 */
final class Lanes {
    static final VectorSpecies<Float> F = VectorShape
            .forBitSize(Integer.getInteger("moe4j.vectorBits", FloatVector.SPECIES_PREFERRED.vectorBitSize()))
            .withLanes(float.class);
    /** As many whole numbers of 32 bits. */
    static final VectorSpecies<Integer> I = F.withLanes(int.class);
    /** As many of 16 bits: half a vector. */
    static final VectorSpecies<Short> H = VectorShape.forBitSize(F.vectorBitSize() / 2).withLanes(short.class);
    /** Floats in one vector. */
    static final int L = F.length();

    private Lanes() {}

    /** The mask of the first {@code n} lanes. */
    static VectorMask<Float> first(int n) {
        return F.indexInRange(0, n);
    }
}
