/**
 * Language models and their specs: {@link org.moe4j.model.ModelSpec} is a model as a value, with one line of a ledger for each of its parts,
 * and each kind of model is one file: the decoder-only {@link org.moe4j.model.Transformer}, T5's {@link org.moe4j.model.EncoderDecoder}, the
 * LSTMs of {@link org.moe4j.model.RecurrentModel}. The named architectures of the papers are in {@code model.zoo}: all of them presets
 * over the same routers, banks and layers.
 */
package org.moe4j.model;
