package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.sweep.Sweep;
import org.moe4j.sweep.TinySweep;

class StudyTest {
    private static final String[] TINY = {"--budget", "3e7", "--dim", "16", "--layers", "2", "--heads", "2", "--hidden", "32", "--sequence", "16", "--batch", "4",
        "--granularity", "1,4", "--expansion", "4", "--sub-keys", "8", "--retrieval-heads", "2", "--per-head", "2", "--key-dim", "8", "--seeds", "1",
        "--tokenizer", "bytes", "--validation-tokens", "512", "--evaluations", "2", "--threads", "1"};

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        --bugdet 1e9               | unknown option '--bugdet': did you mean '--budget'?
        --budget fast              | budget is fast, it has to be a positive number of FLOPs
        --budget -3                | budget is -3
        --granularity 3            | granularity is 3, which does not divide hidden (d_ff) 32
        --granularity 0            | granularity is 0, it has to be at least 1
        --arms moe,glam            | unknown arm 'glam'; known are dense, moe, pkm, peer
        --per-head 9               | perHead is 9, more than the 8 subKeys
        --key-dim 7                | keyDim is 7, it has to be even
        --router topk              | unknown router 'topk': did you mean 'top-k'?
        --heads 3                  | heads is 3, which does not divide dim 16
        --tokenizer words          | tokenizer is 'words', want bytes, or bpe:SIZE
        --batch many               | batch
        --batch                    | option --batch wants a value
        --device gpu               | gpu
        --place top                | place
        --validation-tokens 900000 | validation on 900000 tokens: the validation text has only
        --sequence 60000           | shorter than one sequence
        --budget 1e3               | less than one step of dense
        --seeds 1,1                | seeds [1, 1] names something twice
        --seeds 3..1               | --seeds has 3..1, a range that counts down; 1..3 would do
        --resume                   | --resume wants --out
        words                      | 'words' is not an option
        """)
    void aMistakeIsOneSentenceAndExitCodeTwo(String options, String sentence) throws IOException {
        Ran ran = study(TinySweep.text(folder), options.split(" "));
        assertThat(ran.err().strip().lines()).hasSize(1);
        assertThat(ran.err()).contains(sentence);
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void aMisspeltFieldOfTheYamlFileIsNamed() throws IOException {
        Path spec = Files.writeString(folder.resolve("sweep.yaml"), "budget: smoke\ngranularty: [1, 2]\n");
        Ran ran = study(TinySweep.text(folder), "--spec", spec.toString());
        assertThat(ran.err()).contains("granularty").contains("granularity").contains("sweep.yaml");
        assertThat(ran.exit()).isEqualTo(2);
    }

    @Test
    void textThatIsNoTextIsNamed() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.txt"));
        Path binary = Files.write(folder.resolve("binary.txt"), new byte[] {'a', (byte) 0xc3, 'b'});
        assertThat(study(empty, "--dry-run").err()).contains("empty.txt").contains("empty");
        assertThat(study(binary, "--dry-run").err()).contains("binary.txt").contains("UTF-8");
        assertThat(study(folder.resolve("nowhere.txt"), "--dry-run").err()).contains("nowhere.txt").contains("no such file");
    }

    @Test
    void anOutputFolderThatCannotBeMadeIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        Ran ran = study(TinySweep.text(folder), "--out", file.resolve("out").toString());
        assertThat(ran.err()).contains("cannot write").contains("file");
        assertThat(ran.exit()).isEqualTo(2);
    }

    @Test
    void aDryRunTrainsNothing() throws IOException {
        Path out = folder.resolve("out");
        Ran ran = study(TinySweep.text(folder), "--dry-run", "--out", out.toString());
        assertThat(ran.exit()).isZero();
        assertThat(ran.out()).contains("PEER", "MoE G=4", "FLOPs/token");
        assertThat(out).doesNotExist();
    }

    @Test
    void theYamlFileAndTheOptionsAreTheSame() throws IOException {
        Path text = TinySweep.text(folder);
        Path spec = Files.writeString(folder.resolve("sweep.yaml"), "budget: 3e7\ndim: 16\nheads: 2\nhidden: 32\nsequence: 16\nbatch: 4\n"
            + "granularity: [1, 4]\ntokenizer: bytes\nvalidationTokens: 512\nsubKeys: 8\nretrievalHeads: 2\nperHead: 2\nkeyDim: 8\n");
        Ran fromFile = study(text, new String[0], "--spec", spec.toString(), "--layers", "2", "--expansion", "4", "--seeds", "1", "--dry-run");
        assertThat(fromFile.err()).isEmpty();
        assertThat(fromFile.out()).isEqualTo(study(text, "--dry-run").out());
    }

    @Test
    void aKilledSweepGoesOnToTheSameResult() throws Exception {
        Path text = TinySweep.text(folder);
        Path whole = folder.resolve("whole");
        List<String> longer = List.of("--arms", "moe,peer", "--granularity", "4", "--budget", "4e8", "--parallel", "2");
        assertThat(child(text, whole, longer).waitFor()).isZero();

        Path killed = folder.resolve("killed");
        Process first = child(text, killed, longer);
        awaitCheckpoint(killed, first);
        first.destroyForcibly().waitFor();                                        // kill -9
        assertThat(killed.resolve("table.csv")).doesNotExist();
        List<String> resume = new ArrayList<>(longer);
        resume.add("--resume");
        assertThat(child(text, killed, resume).waitFor()).isZero();
        assertThat(losses(killed)).isEqualTo(losses(whole));
    }

    @Test
    void ctrlCWritesCheckpointsAndSaysHowToGoOn() throws Exception {
        Path out = folder.resolve("out");
        Process study = child(TinySweep.text(folder), out, List.of("--arms", "moe", "--granularity", "4", "--budget", "1e11"));
        awaitCheckpoint(out, study);
        study.destroy();                                                          // SIGTERM ends the JVM as SIGINT does
        assertThat(study.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(study.exitValue()).isEqualTo(143);
        assertThat(Files.readString(folder.resolve("out.log"))).contains("--resume");
        assertThat(out.resolve("trials/moe-g-4-seed1/checkpoint/checkpoint.json")).exists();
    }

    /** The study with its tiny defaults; what is given again counts, as the defaults are left out then. */
    private static Ran study(Path text, String... options) {
        List<String> given = List.of(options);
        List<String> defaults = new ArrayList<>();
        for (int i = 0; i < TINY.length; i += 2) {
            if (!given.contains(TINY[i])) {
                defaults.add(TINY[i]);
                defaults.add(TINY[i + 1]);
            }
        }
        return study(text, defaults.toArray(String[]::new), options);
    }

    private static Ran study(Path text, String[] defaults, String... options) {
        List<String> args = new ArrayList<>(List.of("--text", text.toString()));
        args.addAll(List.of(defaults));
        args.addAll(List.of(options));
        return Ran.of(() -> Study.exitCode("granularity", "a test", args.toArray(String[]::new), study -> {
            Sweep sweep = Sweep.of(study.spec());
            if (study.dryRun()) {
                study.printPlan(sweep);
            } else {
                study.run(sweep);
            }
        }));
    }

    private Process child(Path text, Path out, List<String> options) throws IOException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector", "-Xmx1g",
            "-cp", System.getProperty("java.class.path"), "experiments/granularity.java", "--text", text.toString(), "--out", out.toString()));
        for (int i = 0; i < TINY.length; i += 2) {
            if (!options.contains(TINY[i])) {
                command.add(TINY[i]);
                command.add(TINY[i + 1]);
            }
        }
        command.addAll(options);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve(out.getFileName() + ".log").toFile()).start();
    }

    private static void awaitCheckpoint(Path out, Process running) throws InterruptedException {
        Path checkpoint = out.resolve("trials/moe-g-4-seed1/checkpoint/checkpoint.json");
        for (int i = 0; i < 1200 && running.isAlive() && !Files.exists(checkpoint); i++) {
            Thread.sleep(50);
        }
        assertThat(running.isAlive()).as("the study runs until it is ended").isTrue();
    }

    /** The table without the speeds, which no two runs share. */
    private static List<String> losses(Path out) throws IOException {
        List<String[]> rows = Files.readAllLines(out.resolve("table.csv")).stream().map(line -> line.split(",")).toList();
        int speed = List.of(rows.getFirst()).stream().filter(c -> c.toLowerCase(java.util.Locale.ROOT).contains("tokens_per") || c.contains("tokensPer")
            || c.contains("tokens/s")).map(List.of(rows.getFirst())::indexOf).findFirst().orElseThrow();
        return rows.stream().map(row -> {
            List<String> cells = new ArrayList<>(List.of(row));
            cells.remove(speed);
            return String.join(",", cells);
        }).toList();
    }
}
