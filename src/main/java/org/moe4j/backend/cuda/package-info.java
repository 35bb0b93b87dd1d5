/**
 * The back end for NVIDIA GPUs: float32 on the device, by kernels of our own (src/main/cuda) that are started through the
 * driver API. JCuda makes the context, modules and streams; the few calls that a training step repeats go to the driver
 * straight through {@code java.lang.foreign}, and so does cuBLAS. Nothing outside this package knows either. Start reading at
 * {@link org.moe4j.backend.cuda.CudaBackend}, then {@link org.moe4j.backend.cuda.Device}.
 *
 * <p>Weights, optimizer state, activations and lists of rows stay on the device. All work of a back end is queued on one
 * stream, in order, so that memory given back may be handed out again at once: working memory when a call has queued its work, a
 * tape's when it closes, in the same places for the same steps. The host waits where it asks for values, twice in a training step.
 * It sends values and lists through pinned memory, and goes on.
 *
 * <p>With {@code +graphs} behind the device's name, work that comes again is launched as CUDA graphs, sections of it at once
 * ({@link org.moe4j.backend.cuda.Graphs}). A section is compared, argument by argument, with what the host asks for before it is
 * launched, and its nodes are changed where they differ: learning rates, bias corrections, keys of random numbers, tokens. So a graph
 * can't do what a step did not ask for, and what fits no graph is launched as without them. It saves the driver's time for a launch, not
 * the host's for working out what to launch. It is off unless asked for, until it has been seen to pay on a GPU.
 *
 * <p>No part of it has run on a GPU yet. It runs in tests on an emulated driver (src/test/cuda-emulator), whose kernels are
 * these compiled for the host: that checks results, launches, graphs and arguments, and what is said when calls fail; not speed, races,
 * alignment, streams that run beside the host, the just-in-time compilation of the PTX, cuBLAS itself, or more than one GPU.
 */
package org.moe4j.backend.cuda;
