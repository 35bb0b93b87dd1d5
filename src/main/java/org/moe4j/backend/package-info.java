/**
 * The one interface through which numbers are computed, {@link org.moe4j.backend.Backend}, and the elementwise functions
 * it knows by name. Tables that memory does not hold lie in a {@link org.moe4j.backend.RowStore}. {@code reference} is float64 in
 * plain loops, the truth; {@code simd} is float32 on the Vector API, the default; {@code cuda} is float32 on an NVIDIA GPU; {@code dry} computes nothing and is how a step's memory and FLOPs are known before anything is allocated.
 */
package org.moe4j.backend;
