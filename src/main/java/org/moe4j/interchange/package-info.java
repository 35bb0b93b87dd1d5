/**
 * Other people's checkpoints: {@link org.moe4j.interchange.HuggingFaceImport} reads a folder of config.json and safetensors shards into a
 * model, {@link org.moe4j.interchange.HuggingFaceExport} writes one that transformers loads. Which of its tensors is which of our
 * parameters, and which field of its config is what in our spec, stands in a layout of its own for each architecture
 * ({@code MixtralLayout}, {@code OlmoeLayout}). {@link org.moe4j.interchange.ByteLevelTokenizer} reads tokenizer.json of byte-level BPE models.
 */
package org.moe4j.interchange;
