/**
 * One record an operation: the shapes it accepts, its value, its gradient and its cost. {@link org.moe4j.autodiff.op.Operations}
 * gives each a short name on the tape, and composes the rarer ones from the others.
 */
package org.moe4j.autodiff.op;
