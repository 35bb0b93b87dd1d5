// The library in a few lines: trains Mixtral, cut down to a small machine, and prints its loss.
import org.moe4j.backend.*;
import org.moe4j.data.*;
import org.moe4j.model.*;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.nn.*;
import org.moe4j.train.*;

void main(String[] args) {
    if (List.of(args).contains("--help")) {
        IO.println("usage: experiments/run small     (no options: change the script)");
        return;
    }
    TokenSet text = TokenSet.open(DataSpec.DEFAULT.withTokenizer(TokenizerKind.BPE, 1024));
    ModelSpec spec = Architecture.named("mixtral-8x7b").resized(new Size(text.tokenizer().vocabularySize(), 64, 64, 2, 8));

    Backend on = Backends.open("auto", Runtime.getRuntime().availableProcessors());
    LanguageModel model = spec.build(new Init(on, 1));
    Trainer trainer = new Trainer(on, model, TrainingSpec.of(16, 200, 3e-3).withEvaluationTokens(16_384), text);
    Trainer.Outcome outcome = trainer.run(step -> {
        if (step.step() % 20 == 0) IO.println("step %d: %.3f nats/token, %,.0f tokens/s".formatted(step.step(), step.loss(), step.tokensPerSecond()));
    });
    IO.println("validation: %.3f nats/token".formatted(outcome.evaluation().natsPerToken()));
    System.exit(0);
}
