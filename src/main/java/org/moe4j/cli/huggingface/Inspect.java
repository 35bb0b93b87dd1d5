package org.moe4j.cli.huggingface;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

import org.moe4j.cost.Ledger;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.interchange.HuggingFaceImport;
import org.moe4j.io.InputException;
import org.moe4j.model.Transformer;
import org.moe4j.nn.CausalSelfAttention;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a folder is and whether each of its tensors is right; no weights are read. Exit code 1 if one isn't. */
@Command(name = "inspect", sortOptions = false, description = "What a checkpoint is, and whether each of its tensors is right; no weights are read.")
final class Inspect implements Callable<Integer> {
    private static final int SHOWN = 20;

    @Parameters(paramLabel = "DIR", description = "the checkpoint's folder")
    private Path folder;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() {
        try (HuggingFaceImport checkpoint = HuggingFaceImport.open(folder)) {
            Transformer.Spec spec = checkpoint.spec();
            CausalSelfAttention.Spec attention = spec.attention();
            Ledger ledger = Ledger.of(spec);
            say("%s, %d blocks: D %d, %d heads of %d over %d key heads, vocabulary %,d%s, sequences up to %,d", checkpoint.modelType(), spec.feedForwards().size(),
                spec.dim(), attention.heads(), attention.headDim(spec.dim()), attention.keyHeads(), spec.vocabulary(), spec.tied() ? " (tied)" : "", spec.sequence());
            MixtureOfExperts.Spec mixture = (MixtureOfExperts.Spec) spec.feedForwards().getFirst();
            TopKRouter.Spec router = (TopKRouter.Spec) mixture.router();
            say("each block: %d SwiGLU experts of width %,d, %d for a token, gates %s; the weight of a layer's balance loss is %.3g", router.experts(), ((MlpExperts.Spec) mixture.experts()).hidden(),
                router.topK(), router.norm() == 1 ? "that sum to 1" : "as the softmax has them", router.balanceWeight());
            say("parameters: %,d, of which a token uses %,d", ledger.parameters(), ledger.activeParameters());
            say("weights: %,d tensors in %d %s, %s", checkpoint.tensors(), checkpoint.files(), checkpoint.files() == 1 ? "file" : "files",
                checkpoint.elements().entrySet().stream().map(e -> String.format(Locale.ROOT, "%,d values in %s", e.getValue(), e.getKey())).collect(Collectors.joining(", ")));
            say("tokenizer: %s", tokenizer(checkpoint));
            checkpoint.remarks().forEach(remark -> say("note: %s", remark));
            List<String> problems = checkpoint.problems();
            problems.stream().limit(SHOWN).forEach(problem -> say("wrong: %s", problem));
            say(problems.isEmpty() ? "every tensor is there, in its shape" : InputException.counted(problems.size(), "tensor is", "tensors are") + " wrong"
                + (problems.size() > SHOWN ? ", the first " + SHOWN + " are above" : ""));
            return problems.isEmpty() ? 0 : 1;
        }
    }

    private static String tokenizer(HuggingFaceImport checkpoint) {
        if (!checkpoint.hasTokenizer()) {
            return "none";
        }
        try {
            return checkpoint.tokenizer().name();
        } catch (InputException unsupported) {
            return "not usable here: " + unsupported.getMessage();
        }
    }

    private static void say(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
