/*
 * launch LOG COMMAND [ARGUMENT …]: runs a command and prints what it took, one line:
 * wall time, user time and system time in microseconds, peak memory in KiB, exit code.
 *
 * A process begins with the peak memory of the one that started it (Linux keeps ru_maxrss over
 * exec), so what starts a command that is measured has to be small. wait4 counts the command and
 * all of its descendants that were waited for; the peak is that of the largest one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const unsigned limit_s = 180;

static long long now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long us(struct timeval time) {
  return time.tv_sec * 1000000LL + time.tv_usec;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int input = open("/dev/null", O_RDONLY);
  int log = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (input < 0 || log < 0) return 2;
  long long start = now_us();
  pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    dup2(input, 0);
    dup2(log, 1);
    dup2(log, 2);
    alarm(limit_s); /* Stays set over exec. */
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status;
  struct rusage used;
  if (wait4(child, &status, 0, &used) != child) return 2;
  long long wall = now_us() - start;
  long peak = used.ru_maxrss;
#ifdef __APPLE__
  peak /= 1024;
#endif
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  printf("%lld %lld %lld %ld %d\n", wall, us(used.ru_utime), us(used.ru_stime), peak, code);
  return 0;
}
