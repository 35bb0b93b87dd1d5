package org.moe4j.interchange;

import java.util.LinkedHashMap;
import java.util.Map;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A small tokenizer.json: every byte that text may have, some merges, and added tokens, as one would write it by hand. */
public final class TokenizerFile {
    final ObjectNode root = JsonFile.JSON.createObjectNode();
    final ObjectNode model;
    final Map<String, Integer> vocabulary = new LinkedHashMap<>();

    public TokenizerFile(String... merges) {
        root.put("version", "1.0");
        root.putNull("normalizer");
        root.putArray("added_tokens");
        root.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", false).put("use_regex", true);
        root.putObject("post_processor").put("type", "ByteLevel");
        root.putObject("decoder").put("type", "ByteLevel");
        model = root.putObject("model").put("type", "BPE").put("byte_fallback", false);
        model.putNull("dropout");
        add("<|endoftext|>");
        for (int b = 0; b < 256; b++) {
            if (ByteAlphabet.occurs(b)) {
                add(String.valueOf(ByteAlphabet.character(b)));
            }
        }
        ArrayNode rules = model.putArray("merges");
        for (String merge : merges) {
            add(merge.replace(" ", ""));
            rules.add(merge);
        }
        ObjectNode vocab = model.putObject("vocab");
        vocabulary.forEach(vocab::put);
        added(0, "<|endoftext|>", true, false);
    }

    private void add(String token) {
        vocabulary.putIfAbsent(token, vocabulary.size());
    }

    TokenizerFile added(int id, String content, boolean special, boolean normalized) {
        ((ArrayNode) root.get("added_tokens")).addObject().put("id", id).put("content", content).put("single_word", false).put("lstrip", false)
            .put("rstrip", false).put("normalized", normalized).put("special", special);
        return this;
    }

    /** The number of a token by its spelling. */
    int number(String token) {
        return vocabulary.get(token);
    }

    @Override
    public String toString() {
        return root.toPrettyString();
    }
}
