package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.GrownRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.TopKRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.SavedModel;

class SurgeryTest {
    @RegisterExtension
    private final Console console = new Console();
    @TempDir
    private Path folder;

    @BeforeEach
    void aModelAndAnEar() throws IOException {
        try (Backend on = Backends.open("auto", 1)) {
            for (int seed = 1; seed <= 2; seed++) {
                LanguageModel model = new Transformer.Spec(256, 16, 16, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true,
                    Repeat.everyBlock(2, new DenseFeedForward.Spec())).build(new Init(on, seed));
                SavedModel.save(on, model, new Checkpoint(folder.resolve("dense" + seed)), Map.of());
            }
        }
        Files.writeString(folder.resolve("text.txt"), "the cat sat on the mat and the dog lay by the fire. ".repeat(60));
    }

    private void run(String operation, String from, String to, String... more) {
        List<String> args = new ArrayList<>(List.of(operation, folder.resolve(from).toString(), "--out", folder.resolve(to).toString()));
        args.addAll(List.of(more));
        assertThat(Surgery.run(args.toArray(String[]::new))).as("%s: %s", args, console.complaint).isZero();
    }

    private MixtureOfExperts.Spec mixture(String name, int layer) {
        return (MixtureOfExperts.Spec) SavedModel.spec(new Checkpoint(folder.resolve(name))).feedForwards().get(layer);
    }

    /** From a dense model to one of less experts, by way of more. */
    @Test
    void modelsGoFromFolderToFolder() {
        String text = folder.resolve("text.txt").toString();
        run("upcycle", "dense1", "mixture", "--experts", "4", "--granularity", "2", "--layers", "all");
        assertThat(mixture("mixture", 0).router()).isEqualTo(new TopKRouter.Spec(8, 4));
        run("tune", "mixture", "tuned", "--text", text, "--steps", "10", "--trained", "experts,router", "--validation-tokens", "64", "--batch", "4");
        run("grow", "tuned", "grown", "--experts", "3", "--domain", "1", "--copied");
        assertThat(console.printed.toString()).contains("to train what is new: blocks.0.feedForward.experts[8..],blocks.0.feedForward.router[8..],");
        assertThat(mixture("grown", 1).router()).isEqualTo(new GrownRouter.Spec(new TopKRouter.Spec(8, 4), List.of(new GrownRouter.Addition(3, 1))));
        run("grow", "tuned", "seeing", "--experts", "3", "--patch", "4");
        run("prune", "tuned", "pruned", "--text", text, "--least-share", "0.1", "--validation-tokens", "64");
        assertThat(mixture("pruned", 0).router().experts()).isLessThan(8);
        assertThat(new Checkpoint(folder.resolve("pruned")).facts().get("surgery")).matches("upcycling of .*; tuning of .*; pruning of .*");
        run("mix", "dense1", "mixed", folder.resolve("dense2").toString(), "--top-k", "1");
        assertThat(mixture("mixed", 1).router()).isEqualTo(new TopKRouter.Spec(2, 1));
    }

    /** A domain is added, trained on a text of its own, and taken out again. */
    @Test
    void domainsComeAndGo() {
        String text = folder.resolve("text.txt").toString();
        String[] measured = {"--text", text, "--validation-tokens", "64", "--batch", "4", "--steps", "5"};
        run("upcycle", "dense1", "first", "--experts", "4", "--router", "random", "--top-k", "1");
        run("add-domain", "first", "second", "--like", "0");
        assertThat(console.printed.toString()).contains("to train what is new: tune --domain 1 --trained blocks.1.feedForward.experts[4..]");
        assertThat(mixture("second", 1).router()).isEqualTo(new RandomRouter.Spec(List.of(4, 4)));
        List<String> tune = new ArrayList<>(List.of(measured));
        tune.addAll(List.of("--domain", "1", "--trained", "blocks.1.feedForward.experts[4..]"));
        run("tune", "second", "tuned", tune.toArray(String[]::new));
        run("extract", "tuned", "alone", "--domain", "1");
        assertThat(mixture("alone", 1).router()).isEqualTo(new RandomRouter.Spec(List.of(4)));
        String dense = folder.resolve("dense1").toString();
        String to = folder.resolve("to").toString();
        assertMistake("the model has no layer with a random router", "extract", dense, "--out", to, "--domain", "0");
        assertMistake("domain is 2, layer 1 has experts for domains 0 to 1", "extract", folder.resolve("tuned").toString(), "--out", to, "--domain", "2");
        assertMistake("experts is 0", "add-domain", dense, "--out", to);
        assertMistake("domain 7 has no experts", "tune", folder.resolve("tuned").toString(), "--out", to, "--domain", "7", "--text", text, "--validation-tokens", "64");
        assertThat(folder.resolve("to")).doesNotExist();
    }

    @Test
    void mistakesAreOneSentenceAndExitCodeTwo() {
        String dense = folder.resolve("dense1").toString();
        String to = folder.resolve("to").toString();
        assertMistake("unknown operation 'upcicle': did you mean 'upcycle'?", "upcicle", dense, "--out", to);
        assertMistake("give the folder of a checkpoint and --out DIR", "upcycle", dense);
        assertMistake("there is no such file or folder", "upcycle", to, "--out", to);
        assertMistake("unknown router 'topk'", "upcycle", dense, "--out", to, "--router", "topk");
        assertMistake("unknown option '--expert'", "upcycle", dense, "--out", to, "--expert", "4");
        assertMistake("there is a checkpoint in", "upcycle", dense, "--out", dense);
        assertMistake("text.txt is a file, not a folder; give another --out", "upcycle", dense, "--out", folder.resolve("text.txt").toString());
        assertMistake("2 folders are given", "grow", dense, dense, "--out", to);
        assertMistake("no mixture layer to grow", "grow", dense, "--out", to);
        assertMistake("unknown value of --others", "mix", dense, dense, "--out", to, "--others", "last");
        assertMistake("learningRate is 0.0, it has to be above 0", "tune", dense, "--out", to, "--learning-rate", "0");
        assertMistake("unknown parameters to train 'expert'", "tune", dense, "--out", to, "--text", folder.resolve("text.txt").toString(),
            "--validation-tokens", "64", "--trained", "expert");
        assertThat(folder.resolve("to")).doesNotExist();
        assertThat(Surgery.run("--help")).isZero();
        assertThat(console.printed.toString()).contains("  prune       Removes experts that a text does not use.");
        assertThat(Surgery.run("prune", "--help")).isZero();
    }

    private void assertMistake(String part, String... args) {
        console.complaint.reset();
        assertThat(Surgery.run(args)).as(part).isEqualTo(2);
        assertThat(console.complaint.toString()).contains(part);
        assertThat(console.complaint.toString().lines()).hasSize(1);
    }
}
