/**
 * What a value is: a {@link org.moe4j.tensor.Shape}, a row-major {@link org.moe4j.tensor.Tensor}, and the
 * {@link org.moe4j.tensor.Storage} behind it, which belongs to a back end and has that back end's precision.
 * Random numbers are here too, as pure functions of a counter, so that every back end draws the same ones.
 */
package org.moe4j.tensor;
