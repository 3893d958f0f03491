{%- extends "manage_assignments.tpl" -%}

{%- block head -%}
{{ super() }}
<style>
  /* For instructors: edit, generate, release, collect; feedback has a page of its own. */
  th:nth-child(4), th:nth-child(5), th:nth-child(7), th:nth-child(8),
  th:nth-child(10), th:nth-child(11), td.edit, td.assign, td.release, td.collect,
  td.generate-feedback, td.release-feedback { display: none; }
</style>
{%- endblock -%}

{%- block title -%}
Assignments
{%- endblock -%}

{%- block messages -%}
<p>The number of submissions leads to each student's: grade it again, or give its feedback.
Written answers are marked under <a href="{{ base_url }}/formgrader/gradebook">Manual Grading</a>.
The whole class is collected and graded on <a href="{{ base_url }}-grading/">the grading page</a>.</p>
{%- endblock -%}

{%- block table_footer -%}
{%- endblock -%}
