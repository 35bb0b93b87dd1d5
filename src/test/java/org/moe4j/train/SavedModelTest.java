package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.nn.Init;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;

/** A checkpoint's folder is all it takes to have the model. */
class SavedModelTest {
    private final Backend on = new ReferenceBackend();
    @TempDir
    private Path folder;

    private static void requireSame(LanguageModel loaded, LanguageModel model) {
        assertThat(loaded.spec()).isEqualTo(model.spec());
        for (int i = 0; i < model.parameters().size(); i++) {
            Parameter p = model.parameters().get(i);
            assertThat(loaded.parameters().get(i).value().toDoubles()).as(p.name()).isEqualTo(p.value().toDoubles());
        }
    }

    @Test
    void aTrainersCheckpointIsLoadedAsItStands() {
        LanguageModel model = Tiny.model(on, Tiny.noisy(), Tiny.peer(16), Tiny.dense());
        Trainer trainer = new Trainer(on, model, Tiny.training(4), Tiny.counting(4), Tiny.validation());
        Checkpoint checkpoint = new Checkpoint(folder);
        double expected = trainer.run(checkpoint, m -> {}).evaluation().natsPerToken();
        LanguageModel loaded = SavedModel.load(on, checkpoint);
        requireSame(loaded, model);
        Trainer next = new Trainer(on, loaded, Tiny.training(4).withTrained("router"), Tiny.counting(4), Tiny.validation());
        assertThat(Evaluation.of(on, new org.moe4j.autodiff.Arena(on), loaded, Tiny.validation()).natsPerToken()).isEqualTo(expected);
        assertThat(next.run(m -> {}).stopped()).isFalse();
    }

    @Test
    void everyKindOfModelIsSavedAndLoaded() {
        for (ModelSpec spec : ModelSpec.CATALOG.examples()) {
            LanguageModel model = spec.build(new Init(on, 3));
            Checkpoint checkpoint = new Checkpoint(folder.resolve(ModelSpec.CATALOG.nameOf(spec)));
            SavedModel.save(on, model, checkpoint, Map.of("from", "a test"));
            assertThat(SavedModel.spec(checkpoint)).isEqualTo(spec);
            assertThat(checkpoint.facts()).containsEntry("from", "a test");
            requireSame(SavedModel.load(on, checkpoint), model);
        }
    }

    @Test
    void aCheckpointOfSomethingElseIsRefused() {
        Checkpoint checkpoint = new Checkpoint(folder);
        assertThatThrownBy(() -> SavedModel.load(on, checkpoint)).isInstanceOf(InputException.class).hasMessageContaining("there is no such file");
        checkpoint.write(on, Map.of("x", new Tensor(Shape.of(1), on.allocate(1))), Map.of());
        assertThatThrownBy(() -> SavedModel.load(on, checkpoint)).isInstanceOf(InputException.class).hasMessageContaining("does not say of which model it is");
        checkpoint.write(on, Map.of("x", new Tensor(Shape.of(1), on.allocate(1))), Map.of("model", "{\"model\":{\"type\":\"transformed\"}}"));
        assertThatThrownBy(() -> SavedModel.load(on, checkpoint)).isInstanceOf(InputException.class).hasMessageContaining("words of another version");
        checkpoint.write(on, Map.of("x", new Tensor(Shape.of(1), on.allocate(1))),
            Map.of("model", SavedModel.json(Tiny.spec(12, Tiny.dense()))));
        assertThatThrownBy(() -> SavedModel.load(on, checkpoint)).isInstanceOf(InputException.class).hasMessageContaining("has no tensor 'embedding.weight'");
    }
}
