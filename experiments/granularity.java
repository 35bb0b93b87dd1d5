// At equal compute, how finely should the experts be cut? Dense, MoE of granularity 1, 2, 4, .., PKM and PEER race.
import org.moe4j.cli.Study;
import org.moe4j.sweep.Sweep;

void main(String[] args) {
    Study.main("granularity", "At equal compute, how finely should the experts be cut?", args, study -> {
        Sweep sweep = Sweep.of(study.spec());       // text to tokens; arms with their steps at equal training FLOPs
        if (study.dryRun()) {
            study.printPlan(sweep);                 // parameters, FLOPs, tokens, memory, time: nothing is trained
        } else {
            study.run(sweep);                       // trials, then table, charts and report.html
        }
    });
}
