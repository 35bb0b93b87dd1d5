package org.moe4j.autodiff.op;

/**
 * Short names for the operations, so that a layer reads like its formula: each is one line over its record, the rarer ones a few
 * lines over the others. Axes count from 0, or from the end as -1, -2.
 */
public interface Operations
        extends ElementwiseOperations, ShapeOperations, MatrixOperations, ReductionOperations, RowOperations, SequenceOperations, LossOperations {
}
