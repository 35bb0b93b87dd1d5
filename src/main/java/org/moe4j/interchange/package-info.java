/**
 * Other people's checkpoints. A {@link org.moe4j.interchange.CheckpointFolder} is a Hugging Face folder as it lies on the disk
 * (config.json and safetensors shards), a {@link org.moe4j.interchange.ModelLayout} says which of its tensors is which of our parameters, and
 * {@link org.moe4j.interchange.HuggingFace} puts both together: start there. {@link org.moe4j.interchange.ByteLevelTokenizer} reads
 * tokenizer.json of the byte-level BPE models.
 */
package org.moe4j.interchange;
