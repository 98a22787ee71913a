@ A program whose every instruction can be counted by hand; see test_instruction_counts.py.
.syntax unified
.cpu cortex-m4
.thumb

.section .vectors, "a"
  .word stack_end
  .word reset

.text
.thumb_func
.global reset
reset:
  movs r4, #3
1:
  bl counted
  subs r4, #1
  bne 1b
  bl through
  ldr r0, =0x40004000 @ the UART, to say that it is done
  movs r1, #1
  str r1, [r0, #8]
  movs r1, #'o'
  str r1, [r0]
  movs r1, #'\n'
  str r1, [r0]
2:
  b 2b

.thumb_func
.global counted
counted:
  movs r0, #5
1:
  subs r0, #1
  bne 1b
  ldr r1, =constants
  ldr r2, [r1]
  ldr r2, [r1, #1]  @ in three parts
  ldrh r2, [r1, #1] @ in two
  push {r3, r5, lr}
  ldr r2, [sp]
  str r2, [sp, #2]  @ across two words, which no store waits for
  bl inner
  pop {r3, r5, pc}

.thumb_func
.global inner
inner:
  nop
  bx lr

@ A call that ends in another function, as compilers make them.
.thumb_func
through:
  b counted

.balign 4
constants:
  .word 0, 0
.ltorg
