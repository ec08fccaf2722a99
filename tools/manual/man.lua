-- SPDX-License-Identifier: GPL-2.0
-- pandoc's filter for manual pages: two columns become a list of terms, links their text, code bold; every page reads with any man.
function Code(code)
  return pandoc.Strong({ pandoc.Str(code.text) })
end

function Link(link)
  return link.content
end

function CodeBlock(block)
  local text = block.text:gsub("\\", "\\e"):gsub("%-", "\\-")
  text = text:gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1")
  return pandoc.RawBlock("man", ".PP\n.in +4n\n.nf\n" .. text .. "\n.fi\n.in")
end

function Table(table)
  if #table.colspecs ~= 2 then
    return nil
  end
  local items = {}
  for _, body in ipairs(table.bodies) do
    for _, row in ipairs(body.body) do
      local term = row.cells[1].contents[1]
      items[#items + 1] = { term and term.content or {}, { row.cells[2].contents } }
    end
  end
  local list = pandoc.DefinitionList(items)
  local head = table.head.rows[1] and pandoc.utils.stringify(table.head.rows[1].cells[1].contents) or ""
  -- "key of [run]" says what the list is of; "key" does not.
  if head:find(" ") then
    return { pandoc.Para({ pandoc.Strong(head .. ":") }), list }
  end
  return list
end
