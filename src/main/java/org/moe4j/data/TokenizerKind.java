package org.moe4j.data;

/** The tokenizers that a spec can name. */
public enum TokenizerKind {
    /** {@link ByteTokenizer}. */ BYTE,
    /** {@link BytePairTokenizer}, trained on the corpus' train part. */ BPE
}
