/**
 * The back end for NVIDIA GPUs: float32 on the device, by kernels of our own (src/main/cuda) that are started through the
 * driver API. JCuda makes the context, modules, streams and graphs; the few calls that a training step repeats go to the
 * driver straight through {@code java.lang.foreign}. Nothing outside this package knows either. Start reading at
 * {@link org.moe4j.backend.cuda.CudaBackend}, then {@link org.moe4j.backend.cuda.Device}.
 */
package org.moe4j.backend.cuda;
