/**
 * Decoder-only language models: embedding, pre-norm blocks of causal attention and any feed-forward layer, an output head.
 * {@link org.moe4j.model.ModelSpec} says everything about one, {@link org.moe4j.model.LanguageModel} is one.
 */
package org.moe4j.model;
