package org.moe4j.backend.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TeamTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void runsEveryTaskOnceInManyShortRegions(int threads) {
        try (Team team = new Team(threads)) {
            assertThat(team.size()).isEqualTo(threads);
            for (int region = 0; region < 3000; region++) {
                int tasks = region % 13;
                AtomicIntegerArray runs = new AtomicIntegerArray(13);
                team.parallel(tasks, runs::incrementAndGet);
                for (int i = 0; i < 13; i++) assertThat(runs.get(i)).isEqualTo(i < tasks ? 1 : 0);
            }
        }
    }

    @Test
    void wakesWorkersThatHaveParked() throws InterruptedException {
        try (Team team = new Team(3)) {
            for (int region = 0; region < 20; region++) {
                Thread.sleep(5);
                AtomicInteger sum = new AtomicInteger();
                team.parallel(50, sum::addAndGet);
                assertThat(sum.get()).isEqualTo(1225);
            }
        }
    }

    @Test
    void nestedRegionsRunInline() {
        try (Team team = new Team(3)) {
            AtomicInteger runs = new AtomicInteger();
            team.parallel(8, i -> team.parallel(5, j -> runs.incrementAndGet()));
            assertThat(runs.get()).isEqualTo(40);
        }
    }

    @Test
    void severalThreadsMayShareATeam() throws InterruptedException {
        try (Team team = new Team(2)) {
            AtomicInteger runs = new AtomicInteger();
            Thread[] callers = new Thread[4];
            for (int c = 0; c < callers.length; c++) {
                callers[c] = new Thread(() -> {
                    for (int region = 0; region < 500; region++) team.parallel(6, i -> runs.incrementAndGet());
                });
                callers[c].start();
            }
            for (Thread caller : callers) caller.join();
            assertThat(runs.get()).isEqualTo(4 * 500 * 6);
        }
    }

    @Test
    void throwsWhatATaskThrewAndGoesOn() {
        try (Team team = new Team(3)) {
            assertThatThrownBy(() -> team.parallel(100, i -> {
                if (i == 40) throw new IllegalStateException("forty");
            })).isInstanceOf(IllegalStateException.class).hasMessage("forty");
            AtomicInteger runs = new AtomicInteger();
            team.parallel(10, i -> runs.incrementAndGet());
            assertThat(runs.get()).isEqualTo(10);
        }
    }

    @Test
    void aClosedTeamRunsInTheCaller() {
        Team team = new Team(3);
        team.close();
        AtomicInteger runs = new AtomicInteger();
        team.parallel(10, i -> runs.incrementAndGet());
        assertThat(runs.get()).isEqualTo(10);
    }
}
