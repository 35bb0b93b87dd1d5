package org.moe4j.sweep;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.io.InputException;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Size;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.train.TrainingSpec;

class RoomTest {
    private static final TrainingSpec TRAINING = TrainingSpec.of(1, 1, 1e-3);

    @Test
    void trainingOfALargeModelIsRefusedWithNumbersBeforeItIsBuilt() {
        ModelSpec mixtral = Architecture.named("mixtral-8x7b").spec();
        ModelSpec small = Architecture.named("mixtral-8x7b").resized(new Size(256, 32, 16, 2, 4));
        try (Backend on = Backends.open("simd", 1)) {
            assertThatThrownBy(() -> Room.requireTraining("fine-tuning dir", mixtral, TRAINING, on)).isInstanceOf(InputException.class)
                .hasMessageMatching("the heap is too small: fine-tuning dir needs at least [89]\\d\\d,\\d{3} MB .* the heap is [\\d,]+ MB; MOE4J_HEAP=.*--trained.*");
            assertThatThrownBy(() -> Room.requireTraining("tuning", mixtral, TRAINING.withTrained("router"), on)).isInstanceOf(InputException.class)
                .hasMessageMatching(".*tuning needs at least 2[23]\\d,\\d{3} MB .*"); // its weights, and the collector's room
            Room.requireTraining("tuning", small, TRAINING, on);
        }
    }
}
