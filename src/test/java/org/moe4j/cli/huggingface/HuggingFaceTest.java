package org.moe4j.cli.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.cli.Console;
import org.moe4j.interchange.HuggingFaceImport;
import org.moe4j.interchange.TinyCheckpoint;
import org.moe4j.interchange.TokenizerFile;
import org.moe4j.io.DType;
import org.moe4j.model.Generator;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.SavedModel;

class HuggingFaceTest {
    @RegisterExtension
    private final Console console = new Console();
    @TempDir
    private Path folder;
    private String mixtral;
    private String olmoe;

    @BeforeEach
    void listen() throws IOException {
        mixtral = TinyCheckpoint.goldenMixtral().writeShards(folder.resolve("mixtral"), DType.BF16, 2).toString();
        olmoe = TinyCheckpoint.olmoe(1, 250).write(folder.resolve("olmoe"), DType.F32).toString();
        Files.writeString(folder.resolve("olmoe/tokenizer.json"), new TokenizerFile("t h", "th e", "Ġ the").toString());
    }

    @Test
    void inspectSaysWhatItIsAndWhatIsWrong() throws IOException {
        assertThat(HuggingFace.run("inspect", mixtral)).isZero();
        assertThat(console.printed.toString()).contains("mixtral, 2 blocks: D 16, 4 heads of 4 over 2 key heads, vocabulary 23,", "parameters: 10,160,", "each block: 4 SwiGLU experts of width 20, 2 for a token, gates that sum to 1; the weight of a layer's balance loss is 0.0100",
            "in 2 files, 10,160 values in BF16", "tokenizer: none", "every tensor is there, in its shape");
        TinyCheckpoint wrong = TinyCheckpoint.goldenMixtral();
        wrong.config.put("num_local_experts", 5);
        assertThat(HuggingFace.run("inspect", wrong.write(folder.resolve("wrong"), DType.F32).toString())).isOne();
        assertThat(console.printed.toString()).contains("wrong: it has no tensor 'model.layers.0.block_sparse_moe.experts.4.w1.weight' (20,16)", "8 tensors are wrong");
        assertThat(HuggingFace.run("inspect", olmoe)).isZero();
        assertThat(console.printed.toString()).contains("tokenizer: byte-level bpe 247");
    }

    @Test
    void logitsAndTextFollowFromAPrompt() {
        assertThat(HuggingFace.run("logits", mixtral, "--tokens", "1,2,3", "--top", "3", "--device", "reference")).isZero();
        assertThat(console.printed.toString().lines()).hasSize(4).first().asString().startsWith("token");
        try (HuggingFaceImport checkpoint = HuggingFaceImport.open(Path.of(mixtral)); Backend on = Backends.open("reference", 1)) {
            double[] logits = new Generator(on, checkpoint.load(on)).logits(1, 2, 3);
            String best = console.printed.toString().lines().toList().get(1);
            int token = Integer.parseInt(best.split("\\s+")[0]);
            assertThat(Double.parseDouble(best.split("\\s+")[1])).isCloseTo(logits[token], within(1e-5));
        }
        assertThat(HuggingFace.run("logits", olmoe, "--prompt", " the th")).isZero();
        String first = generated("--temperature", "1", "--top-p", "0.9", "--seed", "4");
        assertThat(first).startsWith(" the th").isEqualTo(generated("--temperature", "1", "--top-p", "0.9", "--seed", "4"))
            .isNotEqualTo(generated("--temperature", "1", "--top-p", "0.9", "--seed", "5"));
        console.printed.reset();
        assertThat(HuggingFace.run("generate", mixtral, "--tokens", "1,2,3", "--length", "4")).isZero();
        assertThat(console.printed.toString().strip()).matches("1,2,3(,\\d+){0,4}");
    }

    @Test
    void aPromptThatIsTooLongIsCutAloud() {
        assertThat(HuggingFace.run("logits", mixtral, "--tokens", "1" + ",4".repeat(38))).isZero();
        assertThat(console.complaint.toString()).startsWith("the prompt has 39 tokens, of which the model sees the last 32: max_position_embeddings is 32").hasLineCount(1);
    }

    private String generated(String... options) {
        console.printed.reset();
        String[] all = new String[options.length + 6];
        System.arraycopy(new String[] {"generate", olmoe, "--prompt", " the th", "--length", "12"}, 0, all, 0, 6);
        System.arraycopy(options, 0, all, 6, options.length);
        assertThat(HuggingFace.run(all)).isZero();
        return console.printed.toString();
    }

    @Test
    void fineTunesOnTextIntoANewFolder() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "the thing that the other one thought\n".repeat(200));
        String out = folder.resolve("tuned").toString();
        assertThat(HuggingFace.run("finetune", olmoe, "--out", out, "--text", text.toString(), "--steps", "10", "--batch", "2", "--sequence", "16",
            "--learning-rate", "1e-2", "--dtype", "bf16", "--shard-size", "20KB", "--validation-tokens", "256", "--trained", "experts")).isZero();
        double before = nats("before");
        assertThat(nats("after")).isLessThan(before);
        assertThat(console.printed.toString()).contains("step 10: ", "written to " + out);
        assertThat(folder.resolve("tuned/model.safetensors.index.json")).exists();
        assertThat(Files.readString(folder.resolve("tuned/config.json"))).contains("\"torch_dtype\" : \"bfloat16\"", "\"clip_qkv\" : 0.9");
        assertThat(HuggingFace.run("generate", out, "--prompt", "the", "--length", "3")).isZero();
    }

    private double nats(String when) {
        return console.printed.toString().lines().filter(line -> line.startsWith(when + ": ")).mapToDouble(line -> Double.parseDouble(line.split(" ")[1])).findFirst().orElseThrow();
    }

    @Test
    void exportsWhatWasTrainedHere() {
        Transformer.Spec spec = new Transformer.Spec(256, 16, 32, CausalSelfAttention.Spec.rotary(4, 2, 1e4), true, Repeat.everyBlock(2, new MixtureOfExperts.Spec()));
        String out = folder.resolve("exported").toString();
        try (Backend on = Backends.open("auto", 1)) {
            SavedModel.save(on, spec.build(new Init(on, 3)), new Checkpoint(folder.resolve("trained")), Map.of());
            SavedModel.save(on, new Transformer.Spec().build(new Init(on, 3)), new Checkpoint(folder.resolve("other")), Map.of());
        }
        assertThat(HuggingFace.run("export", folder.resolve("trained").toString(), "--out", out)).isZero();
        assertThat(HuggingFace.run("inspect", out)).isZero();
        assertThat(console.printed.toString()).contains("written to " + out, "mixtral, 2 blocks", "vocabulary 256 (tied)", "tokenizer: none");
        String bytes = folder.resolve("bytes").toString();
        assertThat(HuggingFace.run("export", folder.resolve("trained").toString(), "--out", bytes, "--bytes")).isZero();
        console.printed.reset();
        assertThat(HuggingFace.run("generate", bytes, "--prompt", "é", "--length", "5")).isZero();
        assertThat(console.printed.toString()).startsWith("é");
        assertMistake("the model's vocabulary is 32 tokens; one trained on bytes has 256", "export", folder.resolve("other").toString(), "--bytes",
            "--out", folder.resolve("nothing").toString());
        assertMistake("means the same mixture in every block", "export", folder.resolve("other").toString(), "--out", folder.resolve("nothing").toString());
        assertThat(folder.resolve("nothing")).doesNotExist();
    }

    @Test
    void mistakesAreOneSentenceAndExitCodeTwo() throws IOException {
        assertMistake("say what to do");
        assertMistake("unknown command 'inspekt': did you mean 'inspect'?", "inspekt");
        assertMistake("unknown option '--lenght': did you mean '--length'?", "generate", mixtral, "--lenght=3");
        assertMistake("Missing required parameter: 'DIR'", "inspect");
        assertMistake("Missing required option: '--text=A,B,..'", "finetune", olmoe, "--out", "x");
        assertMistake("there is no folder", "inspect", folder.resolve("none").toString());
        assertMistake("give one of --prompt TEXT and --tokens", "logits", mixtral);
        assertMistake("give only one of --prompt", "logits", mixtral, "--tokens", "1", "--prompt", "a");
        assertMistake("has no tokenizer.json: give the prompt as --tokens", "generate", mixtral, "--prompt", "a");
        assertMistake("token 23 is not of the model's vocabulary, which has 0 to 22", "logits", mixtral, "--tokens", "23");
        assertMistake("the prompt is empty", "logits", olmoe, "--prompt", "");
        assertMistake("--top is 0", "logits", mixtral, "--tokens", "1", "--top", "0");
        assertMistake("--length is 0", "generate", mixtral, "--tokens", "1", "--length", "0");
        assertMistake("topP is 2.0", "generate", mixtral, "--tokens", "1", "--top-p", "2");
        assertMistake("--shard-size is '5 apples'", "export", "x", "--out", folder.resolve("o").toString(), "--shard-size", "5 apples");
        assertMistake("unknown dtype 'F12'", "export", "x", "--out", folder.resolve("o").toString(), "--dtype", "f12");
        assertMistake("is there already, with files in it", "finetune", olmoe, "--out", mixtral, "--text", "x");
        assertMistake("has no tokenizer.json", "finetune", mixtral, "--out", folder.resolve("o").toString(), "--text", "x");
        assertMistake("--sequence is 65, the model's longest is 64", "finetune", olmoe, "--out", folder.resolve("o").toString(), "--text", "x", "--sequence", "65");
        assertMistake("cannot read", "export", folder.resolve("none").toString(), "--out", folder.resolve("o").toString());
        Files.writeString(folder.resolve("olmoe/tokenizer.json"), "{\"model\": {\"type\": \"Unigram\"}}");
        assertMistake("wants the model Unigram", "generate", olmoe, "--prompt", "a");
        assertThat(HuggingFace.run("generate", olmoe, "--tokens", "1", "--length", "1")).as("numbers do without it").isZero();
    }

    private void assertMistake(String part, String... args) {
        console.complaint.reset();
        assertThat(HuggingFace.run(args)).isEqualTo(2);
        assertThat(console.complaint.toString().strip().lines()).singleElement().asString().contains(part);
    }
}
