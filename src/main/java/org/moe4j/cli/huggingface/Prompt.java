package org.moe4j.cli.huggingface;

import java.util.List;

import org.moe4j.interchange.ByteLevelTokenizer;
import org.moe4j.interchange.HuggingFaceImport;
import org.moe4j.io.InputException;
import picocli.CommandLine.Option;

/** What a model is to go on from: a text where the folder has a tokenizer that can be read, or the numbers of tokens. */
final class Prompt {
    @Option(names = "--prompt", paramLabel = "TEXT", description = "the text to go on from; wants a tokenizer.json of byte-level BPE")
    private String text;

    @Option(names = "--tokens", paramLabel = "A,B,..", split = ",", hideParamSyntax = true, description = "the tokens to go on from, instead of a text")
    private List<Integer> tokens;

    /** @param tokenizer null if there is none */
    int[] tokens(HuggingFaceImport checkpoint, ByteLevelTokenizer tokenizer) {
        if ((text == null) == (tokens == null)) {
            throw new InputException("give " + (text == null ? "" : "only ") + "one of --prompt TEXT and --tokens A,B,..");
        }
        if (text != null && tokenizer == null) {
            throw new InputException("the folder of this " + checkpoint.modelType() + " has no tokenizer.json: give the prompt as --tokens A,B,..");
        }
        int[] prompt = text == null ? tokens.stream().mapToInt(token -> token).toArray() : tokenizer.encode(text);
        int longest = checkpoint.spec().sequence();
        if (prompt.length > longest) {
            System.err.println("the prompt has " + prompt.length + " tokens, of which the model sees the last " + longest + ": "
                + checkpoint.remarks().stream().filter(remark -> remark.startsWith("sliding_window")).findFirst().orElse("max_position_embeddings is " + longest));
        }
        return prompt;
    }

    /** The tokenizer, if it is needed or there; numbers alone do without one that cannot be read. */
    ByteLevelTokenizer tokenizer(HuggingFaceImport checkpoint) {
        if (!checkpoint.hasTokenizer()) {
            return null;
        }
        try {
            return checkpoint.tokenizer();
        } catch (InputException unsupported) {
            if (text != null) {
                throw unsupported;
            }
            return null;
        }
    }
}
