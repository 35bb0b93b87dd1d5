/**
 * The float32 back end: Vector API kernels over {@code float[]}, shared out over a fixed team of threads. Start with
 * {@link org.moe4j.backend.simd.SimdBackend}; each kernel family is one file. Every output value is computed by one thread in a
 * fixed order, so the same bits come out of any number of threads. Only this package imports the incubating vector module.
 */
package org.moe4j.backend.simd;
