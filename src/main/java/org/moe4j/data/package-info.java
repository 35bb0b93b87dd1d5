/**
 * Text into batches: {@link org.moe4j.data.DataSpec} says which text and which tokenizer, {@link org.moe4j.data.Corpus} is
 * the text with its domains and its train and valid parts, a {@link org.moe4j.data.Tokenizer} turns it into a
 * {@link org.moe4j.data.TokenSet}, and {@link org.moe4j.data.Batches} gives batch number n as a pure function of the seed.
 * The default text is the source code of the running JDK. Trained tokenizers and up to 4 GiB of tokens are kept in .cache/moe4j of the user's home. Start with {@code TokenSet.open(DataSpec.DEFAULT)}.
 */
package org.moe4j.data;
