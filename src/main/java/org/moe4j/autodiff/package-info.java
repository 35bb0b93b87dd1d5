/**
 * The engine: a {@link org.moe4j.autodiff.Tape} is a list of operations walked backwards. An {@link org.moe4j.autodiff.Op}
 * says its value, its gradient and its cost in one file (package {@code op}); a {@link org.moe4j.autodiff.Variable} is a
 * value with room for a gradient, a {@link org.moe4j.autodiff.Parameter} one that lives longer than a tape. Memory comes
 * from an {@link org.moe4j.autodiff.Arena} and goes back when the tape closes. Start with Tape.
 */
package org.moe4j.autodiff;
