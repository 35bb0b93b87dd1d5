package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.model.zoo.Architecture;

class CostsTest {
    @RegisterExtension
    private final Console console = new Console();
    @TempDir
    private Path folder;

    @Test
    void printsTheLedgerOfAnArchitecture() {
        assertThat(print("mixtral-8x7b")).contains("blocks 0-31 (32 x)", "parameters  46,702,792,704 with all embeddings, 46,571,720,704 with the output's alone, 46,440,648,704 without",
            "active      12,879,925,248 (27.6 %) with all embeddings, 12,748,853,248 with the output's alone, 12,617,781,248 without", "187 GB of weights (f32), 374 GB of optimizer state (adam)", "47B", "as printed").doesNotContain("energy");
    }

    @Test
    void precisionAndOptimizerDecideTheMemory() {
        assertThat(print("mixtral-8x7b", "--precision", "bf16", "--optimizer", "sgd")).contains("93.4 GB of weights (bf16), 0 B of optimizer state (sgd)");
    }

    /** Of 1024² experts of width 256 the two tables are 1.07 GB and their moments 2.15 GB, half of what float32 takes; all else stays. */
    @ParameterizedTest
    @ValueSource(strings = {"bfloat16", "bfloat16_nearest"})
    void tablesInBfloat16AreHalfTheBytes(String table) throws IOException {
        String yaml = print("peer-1m", "--yaml");
        assertThat(print(Files.writeString(folder.resolve("whole.yaml"), yaml).toString())).containsPattern("experts +536,870,912 .* 2\\.15 GB +4\\.29 GB\\R")
            .contains("2.22 GB of weights (f32), 4.44 GB of optimizer state (adam)");
        String half = Files.writeString(folder.resolve("half.yaml"), yaml.replace("table: FLOAT32", "table: " + table)).toString();
        assertThat(print(half)).containsPattern("experts +536,870,912 .* 1\\.07 GB +2\\.15 GB\\R").containsPattern("router .* 1\\.58 MB +3\\.16 MB\\R")
            .containsPattern("total +554,377,472 .* 1\\.14 GB +2\\.29 GB\\R").contains("1.14 GB of weights (f32, tables bf16), 2.29 GB of optimizer state (adam)");
        assertThat(print(half, "--precision", "bf16")).contains("1.11 GB of weights (bf16), 2.29 GB");
        assertThat(print(half, "--optimizer", "adafactor")).containsPattern("experts +536,870,912 .* 1\\.07 GB *\\R").contains("8.78 MB of optimizer state");
    }

    @Test
    void everyOtherBlockFolds() {
        assertThat(print("glam-64b-64e", "--tokens", "280e9", "--chip", "tpu-v4"))
            .contains("blocks 0, 2, .., 62 (32 x)", "blocks 1, 3, .., 63 (32 x)", "1,159,920,091,136", "for 280 B tokens", "a tpu-v4 at an assumed 40 % of its peak", "GLaM's PUE of 1.11",
                "exception: glam-64b-64e active", "counted with 256,000 tokens");
    }

    @Test
    void energyOfSoManyHours() {
        assertThat(print("glam-64b-64e", "--chip", "tpu-v4", "--chips", "1024", "--hours", "574"))
            .contains("energy      212.7 MWh in 574 hours of 1,024 x tpu-v4, 326 W, GLaM's PUE of 1.11");
        assertMistake("--chips and --hours want each other", "dbrx", "--chip", "a100", "--hours", "3");
        assertMistake("--chips and --hours want --chip beside them", "dbrx", "--chips", "8", "--hours", "3");
        assertMistake("--hours is -3.0, both have to be above 0", "dbrx", "--chip", "a100", "--chips", "8", "--hours", "-3");
        assertMistake("--chips is 0 and", "dbrx", "--chip", "a100", "--chips", "0", "--hours", "3");
    }

    @Test
    void readsASpecAndAPresetWithChanges() throws IOException {
        Path whole = Files.writeString(folder.resolve("whole.yaml"), print("mixtral-8x7b", "--yaml"));
        assertThat(print(whole.toString())).contains("parameters  46,702,792,704").doesNotContain("published");
        Path changed = Files.writeString(folder.resolve("changed.yml"), "preset: mixtral-8x7b\nvocabulary: 32768\nattention: {keyHeads: 32}\n");
        assertThat(print(changed.toString())).contains("parameters  " + String.format("%,d", 46_702_792_704L + 2 * 768 * 4096 + 32L * 2 * 4096 * 24 * 128));
    }

    @Test
    void listsEveryArchitecture() {
        assertThat(print("--list").lines().skip(1).map(line -> line.split(" ")[0])).containsExactlyElementsOf(Architecture.all().stream().map(Architecture::name).toList());
    }

    @Test
    void holdsEveryPublishedCountAgainstTheCalculated() {
        assertThat(print("--all")).contains("exception: glam-1.7b-32e total", "does not fit the stated dimensions", ", 0 mismatches", "212.7 MWh");
    }

    @Test
    void mistakesAreOneSentenceAndExitCodeTwo() throws IOException {
        assertMistake("b.yaml: unknown architecture", Files.writeString(folder.resolve("b.yaml"), "preset: dbx\n").toString());
        assertMistake("did you mean 'mixtral-8x7b'", "mixtrall");
        assertMistake("there is no such file", folder.resolve("missing.yaml").toString());
        assertMistake("line 2: unknown field 'vocabluary': did you mean 'vocabulary'",
            Files.writeString(folder.resolve("a.yaml"), "preset: dbrx\nvocabluary: 3\n").toString());
        assertMistake("unknown architecture 'dbx': did you mean 'dbrx'", Files.writeString(folder.resolve("b.yaml"), "preset: dbx\n").toString());
        assertMistake("missing field 'type'", Files.writeString(folder.resolve("c.yaml"), "vocabulary: 3\n").toString());
        assertMistake("keyHeads is 8, which does not divide heads 7", Files.writeString(folder.resolve("d.yaml"), "preset: dbrx\nattention: {heads: 7}\n").toString());
        assertMistake("times is 2000000000, it has to be at most 100000", Files.writeString(folder.resolve("e.yaml"),
            "preset: dbrx\nblocks: [{times: 2000000000, layers: [{type: dense}]}]\n").toString());
        assertMistake("the model is too large to count", Files.writeString(folder.resolve("f.yaml"),
            "preset: dbrx\nblocks: [{times: 20000, layers: [{type: dense, hidden: 2000000000}]}]\n").toString());
        assertMistake("did you mean 'a100'", "dbrx", "--tokens", "1e9", "--chip", "a10");
        assertMistake("--chip wants --tokens", "dbrx", "--chip", "a100");
        assertMistake("did you mean 'adam'", "dbrx", "--optimizer", "adm");
        assertMistake("unknown precision 'fp16': did you mean 'f16'", "dbrx", "--precision", "fp16");
        assertMistake("sequence is 0", "dbrx", "--sequence", "0");
        assertMistake("--tokens is -1.0", "dbrx", "--tokens", "-1");
        assertMistake("'many' is not a number", "dbrx", "--tokens", "many");
        assertMistake("'long' is not a whole number", "dbrx", "--sequence", "long");
        assertMistake("utilisation is 2.0", "dbrx", "--tokens", "1", "--chip", "a100", "--utilisation", "2");
        assertMistake("give one of");
        assertMistake("give only one of", "dbrx", "--all");
        assertMistake("did you mean '--tokens'", "dbrx", "--token", "1");
    }

    private String print(String... args) {
        console.printed.reset();
        assertThat(Costs.run(args)).as(console.complaint::toString).isZero();
        return console.printed.toString();
    }

    private void assertMistake(String part, String... args) {
        console.complaint.reset();
        assertThat(Costs.run(args)).isEqualTo(2);
        assertThat(console.complaint.toString().strip().lines()).singleElement().asString().contains(part);
    }
}
